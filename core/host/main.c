/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zoneseal-host: the process around one provider plugin.
 *
 *     zoneseal-host PLUGIN [--read PATH]... [--write PATH]... [--exec] [--no-network]
 *
 * Started by front only.  Checks the plugin file with the rights that it was
 * started with, gives them up, and loads it when front asks for its
 * description.  Holds no key; the credentials of one instance at most.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "host/calls.h"
#include "host/watch.h"

enum { MAX_READ = 64, EXIT_USAGE = 2 };

struct arguments {
	const char *plugin;
	const char *read[MAX_READ + 6];	/* NULL-terminated; room for the plugin's own */
	const char *write[MAX_READ + 1];	/* for the programs of a plugin that starts some */
	size_t nread, nwrite;
	bool may_exec, no_network;
};

static bool parse(int argc, char **argv, struct arguments *ret)
{
	*ret = (struct arguments){ .plugin = argc > 1 ? argv[1] : NULL };
	for (int i = 2; i < argc; i++) {
		if (!strcmp(argv[i], "--exec"))
			ret->may_exec = true;
		else if (!strcmp(argv[i], "--no-network"))
			ret->no_network = true;
		else if (!strcmp(argv[i], "--read") && i + 1 < argc && ret->nread < MAX_READ)
			ret->read[ret->nread++] = argv[++i];
		else if (!strcmp(argv[i], "--write") && i + 1 < argc && ret->nwrite < MAX_READ)
			ret->write[ret->nwrite++] = argv[++i];
		else
			return false;
	}
	return ret->plugin != NULL;
}

static int report(const struct zs_err *err)
{
	fprintf(stderr, "zoneseal-host: %s\n", err->text);
	return zs_code_info((int)err->code)->exit_code;
}

static int run(struct zs_child_main *child, struct zs_host *host)
{
	int status;

	zs_host_init(host, child);
	status = zs_child_run(child);
	zs_host_done(host);
	return status;
}

int main(int argc, char **argv)
{
	static struct zs_host host;
	struct arguments args;
	struct zs_child_main child = {
		.front = zs_host_on_front,
		.engine = zs_host_on_engine,
		.user = &host,
	};
	struct zs_err err;
	int status;

	if (!parse(argc, argv, &args)) {
		fprintf(stderr, "usage: zoneseal-host PLUGIN [--read PATH]... [--write PATH]... "
				"[--exec] [--no-network]\n");
		return EXIT_USAGE;
	}
	/* What is wrong with the file is the answer to DESCRIBE: front has no other ear. */
	zs_err_clear(&host.file_error);
	if (!zs_plugin_file_open(args.plugin, getuid(), &host.file, &host.file_error)) {
		args.read[args.nread++] = host.file.directory;
		args.read[args.nread++] = host.file.path;
		args.read[args.nread++] = host.file.fd_path;
		if (host.file.library.fd >= 0) {
			args.read[args.nread++] = host.file.library.path;
			args.read[args.nread++] = host.file.library.fd_path;
		}
	}
	host.may_exec = args.may_exec;
	child.sandbox = (struct zs_sandbox){
		.role = ZS_ROLE_HOST,
		.read_paths = args.read,
		.write_paths = args.may_exec ? args.write : NULL,
		.may_exec = args.may_exec,
		.no_network = args.no_network,
	};
	status = zs_child_start(&child);
	if (status)
		return status;
	if (zs_watch_init(host.file.path, args.may_exec, &err))
		return report(&err);
	return run(&child, &host);
}
