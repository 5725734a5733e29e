/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Drives the real zoneseal-vault over real channels: the test plays front and
 * engine.  Every call waits for its answer.
 */
#ifndef TEST_VAULT_DRIVE_H
#define TEST_VAULT_DRIVE_H

#include <sys/types.h>

#include "ipc/chan.h"

struct drive {
	pid_t pid;
	struct zs_loop *loop;
	struct zs_chan *front, *engine;
	int front_fd, engine_fd;	/* raw: as long as no channel has taken them */
	bool front_closed, engine_closed;
};

/* What the last call gave; strings are copies. */
struct answer {
	int code;			/* 0 or enum zs_code of the FAIL */
	char text[1200];
	uint32_t type;
	char *body;			/* SIGNED */
	char account_url[2100], order_url[2100], finalize_url[2100];
	uint8_t spki[4096];
	size_t spki_len;
	bool account_key_new;
	char values[8][64];		/* TXT_VALUES_ARE */
	char key_authorizations[8][ZS_MAX_KEY_AUTHORIZATION + 1];
	uint64_t ids[256];		/* JOURNAL_IDS, VAULT_ENTRIES */
	uint32_t n;
	bool more;			/* VAULT_ENTRIES, VAULT_CERTIFICATES; the last of the page: */
	uint64_t last_id;
	char last_name[65];
	struct {
		char certificate[65], instance[65], value[256], ticket[256], name[256], identifier[256], token[ZS_MAX_TOKEN + 1],
			key_authorization[ZS_MAX_KEY_AUTHORIZATION + 1];
		bool live;
	} entries[256];
	char path[4200];
	uint32_t generation;
	struct { char name[65], ca[65], problem[1100], path[4200], issuer[300]; bool busy, pending; uint32_t generation, identifiers; int64_t not_after; }
		certificates[16];
};

/* A new directory below /tmp; the caller's test removes it with drive_remove(). */
char *drive_tmp(void);
void drive_remove(const char *dir);

/* NULL when the program is not built. flag may be NULL. */
struct drive *drive_start(const char *state_dir, const char *flag);
/* The same without channels on our side: raw descriptors. */
struct drive *drive_start_raw(const char *state_dir);
/* Ends it as front does; returns the exit status. */
int drive_end(struct drive *d);
void drive_kill(struct drive *d);	/* SIGKILL */

const struct answer *drive_front(struct drive *d, uint32_t type, const void *body);
const struct answer *drive_engine(struct drive *d, uint32_t type, const void *body);
void drive_note(struct drive *d, uint32_t type, const void *body);

#endif
