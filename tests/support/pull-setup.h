// SPDX-License-Identifier: GPL-2.0-or-later
/* For tests of images from the network: a server, a cache, and virt-qemu image pull. */
#pragma once

#include "image-server.h"

#define PULL_DISK_SIZE 300000

extern char *pull_base;
extern char *pull_root;  /* what the server has */
extern char *pull_cache; /* the directory of images; $XDG_CACHE_HOME leads to it */
extern ImageServer pull_server;

/* For a checked fixture. The server has "disk", a raw image. */
void pull_setup (void);
void pull_teardown (void);

/* Makes a file for the server. Transfer full: its path. */
char *pull_put (const char *name, const void *bytes, gssize n);

/* A raw disk with a boot sector, of PULL_DISK_SIZE bytes that nothing could pack. */
void pull_put_disk (const char *name, guint seed);

/* The address of PATH. Transfer full. */
char *pull_get_url (const char *path);

/* Runs "image pull OPTIONS URL" (OPTIONS may be ""), which must end with STATUS and say PART. What
 * it has printed is in cli_out. */
void pull_expect (int status, const char *options, const char *path, const char *part);

/* Runs "image LINE", which must end with STATUS and say PART. */
void pull_expect_line (int status, const char *line, const char *part);
