/* SPDX-License-Identifier: MIT */
/* dynamic.c - a program that does nothing, linked as programs usually are: what an exec costs with a loader. */
int main(void)
{
	return 0;
}
