/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a fuzz target without libFuzzer: first the seeds in tests/fuzz/corpus/NAME,
 * then mutations of them, always the same ones.  With libFuzzer its own main()
 * comes before this one.
 *
 *   tests/fuzz/fuzz_NAME [FILE...]    these inputs only, no mutations
 *   FUZZ_RUNS=N                       number of mutations
 *   FUZZ_KEEP=FILE                    every input goes there before it runs
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { SEEDS_MAX = 256, INPUT_MAX = 16 * 1024, RUNS = 4000, MILLISECONDS = 1200 };

struct seed {
	uint8_t *p;
	size_t n;
};

static struct seed seeds[SEEDS_MAX];
static size_t nseeds;
static uint64_t state = 0x9e3779b97f4a7c15u;

static uint32_t roll(uint32_t below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 32) % below;
}

static void keep(const uint8_t *p, size_t n)
{
	const char *path = getenv("FUZZ_KEEP");
	FILE *file = path ? fopen(path, "w") : NULL;

	if (!file)
		return;
	(void)fwrite(p, 1, n, file);
	(void)fclose(file);
}

/* A block of exactly that size, so that a sanitizer sees one octet too many. */
static void run(const uint8_t *p, size_t n)
{
	uint8_t *copy = malloc(n ? n : 1);

	if (!copy)
		exit(1);
	if (n)
		memcpy(copy, p, n);
	keep(copy, n);
	(void)LLVMFuzzerTestOneInput(copy, n);
	free(copy);
}

/* ---- seeds ---- */

static int load(const char *path)
{
	FILE *file = fopen(path, "r");
	uint8_t *p = malloc(INPUT_MAX);
	size_t n;

	if (!file || !p || nseeds == SEEDS_MAX) {
		fprintf(stderr, "cannot read %s\n", path);
		exit(1);
	}
	n = fread(p, 1, INPUT_MAX, file);
	(void)fclose(file);
	seeds[nseeds++] = (struct seed){ p, n };
	return 0;
}

static int is_seed(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static void load_corpus(const char *target)
{
	const char *top = getenv("top_srcdir");
	struct dirent **names;
	char directory[2048], path[4096];
	int n;

	(void)snprintf(directory, sizeof(directory), "%s/tests/fuzz/corpus/%s", top ? top : ".", target);
	n = scandir(directory, &names, is_seed, alphasort);
	if (n <= 0) {
		fprintf(stderr, "no seeds in %s (run it from the top directory, or set top_srcdir)\n", directory);
		exit(1);
	}
	for (int i = 0; i < n; i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", directory, names[i]->d_name);
		load(path);
		free(names[i]);
	}
	free(names);
}

/* ---- mutations ---- */

struct input {
	uint8_t p[INPUT_MAX];
	size_t n;
};

static const uint8_t odd[] = { 0, 1, 0x0a, 0x20, 0x22, 0x2d, 0x2e, 0x3d, 0x5c, 0x7f, 0x80, 0xc0, 0xef, 0xff };

static void open_gap(struct input *in, size_t at, size_t n)
{
	if (n > INPUT_MAX - in->n)
		n = INPUT_MAX - in->n;
	memmove(in->p + at + n, in->p + at, in->n - at);
	in->n += n;
}

static void mutate_bit(struct input *in, size_t at)
{
	in->p[at] ^= (uint8_t)(1u << roll(8));
}

static void mutate_octet(struct input *in, size_t at)
{
	in->p[at] = odd[roll(sizeof(odd))];
}

static void mutate_insert(struct input *in, size_t at)
{
	if (in->n == INPUT_MAX)
		return;
	open_gap(in, at, 1);
	in->p[at] = odd[roll(sizeof(odd))];
}

static void mutate_erase(struct input *in, size_t at)
{
	size_t n = 1 + roll(8);

	if (n > in->n - at)
		n = in->n - at;
	memmove(in->p + at, in->p + at + n, in->n - at - n);
	in->n -= n;
}

static void mutate_cut(struct input *in, size_t at)
{
	in->n = at;
}

/* A piece of any seed, over what is there or between. */
static void mutate_splice(struct input *in, size_t at)
{
	const struct seed *from = &seeds[roll((uint32_t)nseeds)];
	size_t start, n;

	if (!from->n)
		return;
	start = roll((uint32_t)from->n);
	n = 1 + roll((uint32_t)(from->n - start));
	if (roll(2))
		open_gap(in, at, n);
	if (n > in->n - at)
		n = in->n - at;
	memcpy(in->p + at, from->p + start, n);
}

static void mutate_repeat(struct input *in, size_t at)
{
	size_t n = 1 + roll(64);
	uint8_t octet = in->p[at];

	open_gap(in, at, n);
	if (n > in->n - at)
		n = in->n - at;
	memset(in->p + at, octet, n);
}

static void (*const mutations[])(struct input *in, size_t at) = {
	mutate_bit, mutate_octet, mutate_insert, mutate_erase, mutate_cut, mutate_splice, mutate_repeat, mutate_bit, mutate_octet,
};

static void mutate(struct input *in)
{
	const struct seed *from = &seeds[roll((uint32_t)nseeds)];
	uint32_t changes = 1 + roll(6);

	memcpy(in->p, from->p, from->n);
	in->n = from->n;
	for (uint32_t i = 0; i < changes && in->n; i++)
		mutations[roll(sizeof(mutations) / sizeof(mutations[0]))](in, roll((uint32_t)in->n));
}

static long now_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static long wanted_runs(void)
{
	const char *runs = getenv("FUZZ_RUNS");

	return runs ? strtol(runs, NULL, 10) : RUNS;
}

static void run_mutations(void)
{
	static struct input in;
	long runs = wanted_runs(), begin = now_ms(), done = 0;

	printf("[ RUN      ] test_mutations\n");
	(void)fflush(stdout);
	while (done < runs && (getenv("FUZZ_RUNS") || now_ms() - begin < MILLISECONDS)) {
		mutate(&in);
		run(in.p, in.n);
		done++;
	}
	printf("%ld inputs\n[       OK ] test_mutations\n", done);
}

static const char *target_of(const char *program)
{
	const char *slash = strrchr(program, '/'), *name = slash ? slash + 1 : program;

	return strncmp(name, "fuzz_", 5) ? name : name + 5;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		load(argv[i]);
	if (argc < 2)
		load_corpus(target_of(argv[0]));
	printf("[ RUN      ] test_seeds\n");
	(void)fflush(stdout);
	for (size_t i = 0; i < nseeds; i++)
		run(seeds[i].p, seeds[i].n);
	printf("%zu inputs\n[       OK ] test_seeds\n", nseeds);
	if (argc < 2)
		run_mutations();
	for (size_t i = 0; i < nseeds; i++)
		free(seeds[i].p);
	return 0;
}
