/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine's clock, dates as text, and back-off.  Dates are computed here,
 * with the proleptic Gregorian calendar, and depend neither on the locale nor
 * on TZ.  Nothing here sleeps or sets timers.
 */
#include "base/clock.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

enum { MINUTE = 60,
	HOUR = 3600,
	DAY = 86400 };

static const int64_t last_second = 253402300799; /* 9999-12-31T23:59:59Z */

static int64_t system_wall_ms(struct zs_clock *clock)
{
	struct timespec ts = { 0 };

	(void)clock;
	(void)clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static uint64_t system_mono_ms(struct zs_clock *clock)
{
	struct timespec ts = { 0 };

	(void)clock;
	(void)clock_gettime(CLOCK_BOOTTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static uint32_t system_random(struct zs_clock *clock)
{
	uint32_t v;

	if (getrandom(&v, sizeof(v), 0) == (ssize_t)sizeof(v))
		return v;
	/* Jitter only: without entropy the time has to do. */
	return (uint32_t)(system_mono_ms(clock) * 2654435761U & UINT32_MAX);
}

struct zs_clock *zs_clock_system(void)
{
	static struct zs_clock clock = {
		.wall_ms = system_wall_ms,
		.mono_ms = system_mono_ms,
		.random = system_random,
	};

	return &clock;
}

uint64_t zs_clock_jitter(struct zs_clock *clock, uint64_t lo, uint64_t hi)
{
	uint64_t span = hi - lo;
	uint64_t r;

	if (hi <= lo)
		return lo;
	r = clock->random(clock);
	/* Scaling instead of rejection: a test's constant source must end. */
	if (span < UINT32_MAX)
		return lo + (r * (span + 1) >> 32);
	r = r << 32 | clock->random(clock);
	return lo + (span == UINT64_MAX ? r : r % (span + 1));
}

struct date {
	int year, month, day;
	int hour, minute, second;
	int short_year; /* two digits, -1 = none */
};

static bool is_leap(int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int month_days(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30,
		31, 31, 30, 31, 30, 31 };

	return days[month - 1] + (month == 2 && is_leap(year));
}

/* Days since 1970-01-01; the year starts in March, so the leap day is last. */
static int64_t days_from_date(const struct date *date)
{
	int64_t year = date->year - (date->month <= 2) + 400;
	int64_t era = year / 400;
	int64_t of_era = year % 400;
	int64_t month = (date->month + 9) % 12;
	int64_t of_year = (153 * month + 2) / 5 + date->day - 1;

	/* One era was added so that the year 0 needs no negative division. */
	return (era - 1) * 146097 + of_era * 365 + of_era / 4 - of_era / 100 +
		of_year - 719468;
}

static struct date date_from_days(int64_t days)
{
	int64_t z = days + 719468;
	int64_t of_era = z % 146097;
	int64_t year = (of_era - of_era / 1460 + of_era / 36524 -
			       of_era / 146096) /
		365;
	int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
	int64_t month = (5 * of_year + 2) / 153;

	return (struct date){
		.year = (int)(year + z / 146097 * 400 + (month >= 10)),
		.month = (int)(month < 10 ? month + 3 : month - 9),
		.day = (int)(of_year - (153 * month + 2) / 5 + 1),
	};
}

void zs_time_print(int64_t unix_seconds, char dst[static ZS_TIME_TEXT])
{
	struct date d;
	int second;

	if (unix_seconds < 0 || unix_seconds > last_second) {
		(void)snprintf(dst, ZS_TIME_TEXT, "invalid-time");
		return;
	}
	d = date_from_days(unix_seconds / DAY);
	second = (int)(unix_seconds % DAY);
	(void)snprintf(dst, ZS_TIME_TEXT, "%04d-%02d-%02dT%02d:%02d:%02dZ",
		d.year, d.month, d.day, second / HOUR,
		second / MINUTE % 60, second % 60);
}

static bool date_ok(const struct date *d)
{
	/* 60 is a leap second (RFC 3339 5.6); it counts as the next minute. */
	return d->year >= 0 && d->year <= 9999 && d->month >= 1 &&
		d->month <= 12 && d->day >= 1 &&
		d->day <= month_days(d->year, d->month) && d->hour <= 23 &&
		d->minute <= 59 && d->second <= 60;
}

static int64_t seconds_of(const struct date *d)
{
	return days_from_date(d) * DAY + d->hour * HOUR + d->minute * MINUTE +
		d->second;
}

static bool take_number(struct zs_slice *s, size_t digits, int *ret)
{
	uint64_t v;

	if (s->n < digits ||
		!zs_slice_u64(zs_slice_of(s->p, digits), 9999, &v))
		return false;
	*ret = (int)v;
	*s = zs_slice_of(s->p + digits, s->n - digits);
	return true;
}

static bool take_char(struct zs_slice *s, char c)
{
	if (!s->n || s->p[0] != (uint8_t)c)
		return false;
	*s = zs_slice_of(s->p + 1, s->n - 1);
	return true;
}

/* One of a list of words; *ret counts from 1. */
static bool take_word(struct zs_slice *s, const char *const words[], int *ret)
{
	for (int i = 0; words[i]; i++) {
		size_t n = strlen(words[i]);

		if (!zs_slice_starts(*s, words[i]))
			continue;
		*s = zs_slice_of(s->p + n, s->n - n);
		*ret = i + 1;
		return true;
	}
	return false;
}

static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May",
	"Jun", "Jul", "Aug", "Sep", "Oct",
	"Nov", "Dec", NULL };
static const char *const short_days[] = { "Mon", "Tue", "Wed", "Thu",
	"Fri", "Sat", "Sun", NULL };
static const char *const long_days[] = { "Monday", "Tuesday", "Wednesday",
	"Thursday", "Friday", "Saturday",
	"Sunday", NULL };

/* What a letter in a pattern stands for; others stand for themselves. */
static const struct field {
	char letter;
	uint8_t digits; /* 0: a word */
	const char *const *words;
	size_t at;
} fields[] = {
	{ 'Y', 4, NULL, offsetof(struct date, year) },
	{ 'y', 2, NULL, offsetof(struct date, short_year) },
	{ 'm', 2, NULL, offsetof(struct date, month) },
	{ 'b', 0, months, offsetof(struct date, month) },
	{ 'd', 2, NULL, offsetof(struct date, day) },
	{ 'e', 1, NULL, offsetof(struct date, day) },
	{ 'H', 2, NULL, offsetof(struct date, hour) },
	{ 'M', 2, NULL, offsetof(struct date, minute) },
	{ 'S', 2, NULL, offsetof(struct date, second) },
	{ 'a', 0, short_days, SIZE_MAX },
	{ 'A', 0, long_days, SIZE_MAX },
};

static bool take_field(struct zs_slice *s, char letter, struct date *d)
{
	for (size_t i = 0; i < ZS_COUNT(fields); i++) {
		const struct field *f = &fields[i];
		int v;

		if (f->letter != letter)
			continue;
		if (!(f->words ? take_word(s, f->words, &v)
			       : take_number(s, f->digits, &v)))
			return false;
		if (f->at != SIZE_MAX)
			memcpy((char *)d + f->at, &v, sizeof(v));
		return true;
	}
	return false;
}

/* "%Y-%m": a percent sign and a letter of the table, or the character itself. */
static bool take_pattern(struct zs_slice *s, const char *pattern,
	struct date *ret)
{
	struct date d = { .short_year = -1 };

	for (const char *p = pattern; *p; p++) {
		bool taken = *p == '%' ? take_field(s, *++p, &d)
				       : take_char(s, *p);

		if (!taken)
			return false;
	}
	/* No clock here, so the pivot of POSIX instead of 50 years from now. */
	if (d.short_year >= 0)
		d.year = d.short_year + (d.short_year < 70 ? 2000 : 1900);
	*ret = d;
	return date_ok(&d);
}

static bool take_fraction(struct zs_slice *s)
{
	size_t n = 0;

	if (!take_char(s, '.'))
		return true;
	while (n < s->n && s->p[n] >= '0' && s->p[n] <= '9')
		n++;
	*s = zs_slice_of(s->p + n, s->n - n);
	return n > 0;
}

/* "Z" or "+02:00", in seconds to subtract. */
static bool take_offset(struct zs_slice *s, int *ret)
{
	int hour, minute, sign = 1;

	*ret = 0;
	if (take_char(s, 'Z') || take_char(s, 'z'))
		return true;
	if (take_char(s, '-'))
		sign = -1;
	else if (!take_char(s, '+'))
		return false;
	if (!take_number(s, 2, &hour) || !take_char(s, ':') ||
		!take_number(s, 2, &minute) || hour > 23 || minute > 59)
		return false;
	*ret = sign * (hour * HOUR + minute * MINUTE);
	return true;
}

bool zs_time_parse(struct zs_slice text, int64_t *ret_unix)
{
	struct zs_slice upper = text, s = text;
	struct date d;
	int offset;

	if (!take_pattern(&upper, "%Y-%m-%dT%H:%M:%S", &d)) {
		if (!take_pattern(&s, "%Y-%m-%dt%H:%M:%S", &d))
			return false;
	} else {
		s = upper;
	}
	if (!take_fraction(&s) || !take_offset(&s, &offset) || s.n)
		return false;
	*ret_unix = seconds_of(&d) - offset;
	return true;
}

bool zs_time_parse_http(struct zs_slice text, int64_t *ret_unix)
{
	static const char *const patterns[] = {
		"%a, %d %b %Y %H:%M:%S GMT",
		"%A, %d-%b-%y %H:%M:%S GMT",
		"%a %b %d %H:%M:%S %Y",
		"%a %b  %e %H:%M:%S %Y",
	};
	struct date d;

	for (size_t i = 0; i < ZS_COUNT(patterns); i++) {
		struct zs_slice s = text;

		if (!take_pattern(&s, patterns[i], &d) || s.n)
			continue;
		*ret_unix = seconds_of(&d);
		return true;
	}
	return false;
}

static bool all_digits(struct zs_slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return s.n > 0;
}

bool zs_time_retry_after(struct zs_slice text, int64_t now, int64_t *ret_unix)
{
	struct zs_slice s = zs_slice_trim(text);
	int64_t most = now > INT64_MAX - DAY ? INT64_MAX : now + DAY;
	int64_t at = most;
	uint64_t seconds;

	if (all_digits(s)) {
		/* Too many digits for the cap: the cap it is. */
		if (zs_slice_u64(s, DAY, &seconds) &&
			(int64_t)seconds < most - now)
			at = now + (int64_t)seconds;
	} else if (!zs_time_parse_http(s, &at)) {
		return false;
	}
	if (at < now)
		at = now;
	*ret_unix = at > most ? most : at;
	return true;
}

uint64_t zs_backoff_ms(uint64_t base_ms, unsigned factor_percent,
	unsigned attempt, uint64_t cap_ms)
{
	double v = (double)base_ms;
	uint64_t ms;

	if (!attempt || factor_percent == 100)
		return base_ms < cap_ms ? base_ms : cap_ms;
	/* Ends soon: v reaches the cap or falls below 1. */
	for (unsigned i = 0; i < attempt && v >= 1; i++) {
		if (v >= (double)cap_ms && factor_percent > 100)
			break;
		v = v * factor_percent / 100;
	}
	if (v >= (double)cap_ms)
		return cap_ms;
	ms = (uint64_t)v;
	return ms < cap_ms ? ms : cap_ms;
}

uint64_t zs_backoff_jitter_ms(struct zs_clock *clock, uint64_t ms,
	unsigned percent)
{
	unsigned part = percent < 100 ? percent : 100;
	uint64_t delta = ms / 100 * part + ms % 100 * part / 100;
	uint64_t hi = ms > UINT64_MAX - delta ? UINT64_MAX : ms + delta;
	uint64_t v = zs_clock_jitter(clock, ms - delta, hi);

	return v ? v : 1;
}
