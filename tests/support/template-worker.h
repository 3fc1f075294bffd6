// SPDX-License-Identifier: GPL-2.0-or-later
/* Further processes that use the cache of templates: the test program itself, started again. They
 * do what they are told, one thing after the other:
 *
 *   find, begin, new     look for the template, or begin to make it: "template", "build", "none"
 *   commit, abandon      end the build: "template", "ok"
 *   release              use the template no more: "ok"
 *   check                look whether the files are what they were: "ok"
 *   stress N             all of that at random, N times: "ok"
 *
 * or "error: WHY". What is said to the user comes as a reply, too. */
#pragma once

#include <glib.h>

typedef struct _Worker Worker;

/* How the line begins in which it says that it waits for another one. There is a further such line
 * whenever what it waits for changes. */
#define WORKER_WAITS "another process makes the template"

/* Starts one that uses the cache of template-cache.h, for VARIANT. */
Worker *worker_start (const char *variant);

void worker_tell (Worker *worker, const char *command);

/* The next reply. Transfer full. */
char *worker_hear (Worker *worker);

/* Fails the test unless the next reply begins with REPLY. What says that it waits is passed over,
 * unless that is what is expected. */
void worker_expect (Worker *worker, const char *reply);

/* Tells it COMMAND and expects REPLY. */
void worker_do (Worker *worker, const char *command, const char *reply);

/* Ends it with SIGKILL, whatever it does. */
void worker_kill (Worker *worker);

/* Lets it end; fails the test unless it does so with status 0, and has nothing more to say. */
void worker_end (Worker *worker);

/* What main returns if ARGV is that of a worker; -1 if it is not. */
int worker_main (int argc, char **argv);
