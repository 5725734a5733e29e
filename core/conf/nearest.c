/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Distance of two words by Damerau and Levenshtein (neighbours may be
 * swapped), case ignored, with three rows of fixed length.
 */
#include "conf/nearest.h"

#include <string.h>

enum { MAX_WORD = 64 };

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Rows of the table: now, the one before, the one before that. */
struct rows {
	unsigned now[MAX_WORD + 1], before[MAX_WORD + 1], earlier[MAX_WORD + 1];
};

static void fill_row(struct rows *rows, const char *a, size_t i, const char *b)
{
	size_t n = strlen(b);

	rows->now[0] = (unsigned)i;
	for (size_t j = 1; j <= n; j++) {
		char x = lower(a[i - 1]), y = lower(b[j - 1]);
		unsigned d = rows->before[j - 1] + (x != y);

		d = least(d, least(rows->before[j], rows->now[j - 1]) + 1);
		if (i > 1 && j > 1 && x == lower(b[j - 2]) && y == lower(a[i - 2]))
			d = least(d, rows->earlier[j - 2] + 1);
		rows->now[j] = d;
	}
}

static unsigned distance(const char *a, const char *b)
{
	struct rows rows = { 0 };
	size_t n = strlen(a);

	for (unsigned j = 0; j <= MAX_WORD; j++)
		rows.now[j] = j;
	for (size_t i = 1; i <= n; i++) {
		memcpy(rows.earlier, rows.before, sizeof(rows.before));
		memcpy(rows.before, rows.now, sizeof(rows.now));
		fill_row(&rows, a, i, b);
	}
	return rows.now[strlen(b)];
}

void zs_nearest_init(struct zs_nearest *nearest, const char *wanted)
{
	*nearest = (struct zs_nearest){ .wanted = wanted };
}

void zs_nearest_try(struct zs_nearest *nearest, const char *word)
{
	size_t n = strlen(nearest->wanted), m = strlen(word);
	unsigned d;

	if (n > MAX_WORD || m > MAX_WORD)
		return;
	d = distance(nearest->wanted, word);
	/* One slip in three characters; less is another word. */
	if (d > (n < m ? n : m) / 3)
		return;
	if (!nearest->best || d < nearest->distance) {
		nearest->best = word;
		nearest->distance = d;
	}
}
