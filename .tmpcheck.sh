for f in agent/inventory/*.c; do gcc -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Wno-unused-parameter -Wno-missing-field-initializers -Wstrict-prototypes -O1 -c -o /dev/null $f 2>&1; done
