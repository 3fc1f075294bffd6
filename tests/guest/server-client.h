// SPDX-License-Identifier: GPL-2.0-or-later
/* The server under test as a child process: what autopkgtest does to it, done by a test. Every
 * wait has a deadline; what goes wrong ends the test with the server's stderr in the message.
 *
 * The server is $VQ_SERVER (build/autopkgtest-virt-qemu-ng), its image $VQ_IMAGE
 * (virt-qemu/debian-12.qcow2 in the user's cache). Its TMPDIR is a new directory, so that
 * nothing else can be taken for a thing that it left. */
#pragma once

#include <glib.h>
#include <sys/types.h>

/* Seconds: for an answer that needs no guest, for one that needs little of it, and for two boots
 * on a machine that is slow and busy. */
#define SOON 15
#define A_WHILE 120
#define BOOT 800

typedef struct _Server Server;

typedef struct
{
  const char *const *prefix;      /* words before the server's path ("setpriv"...), or NULL */
  const char *const *arguments;   /* words after it, or NULL */
  const char *const *environment; /* "NAME=VALUE" to add, or NULL */
  gboolean terminal;              /* give it a controlling terminal */
  gboolean non_blocking;          /* make its stdin and stdout non-blocking */
  gboolean as_nobody;             /* if we are root: run it as another user, who can read it */
} ServerSetup;

/* Starts it; its first "ok" is not read yet. */
Server *server_start (const ServerSetup *setup);

/* Starts it on the image, with KVM off, 1 GiB and no spare machine, and reads its first "ok".
 * ARGUMENTS of SETUP come before the image; SETUP may be NULL. */
Server *server_start_on_image (const ServerSetup *setup);

/* Kills it if it runs, and all it left, and removes its TMPDIR. */
void server_free (Server *server);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Server, server_free)

/* Frees every server that there is: for teardown, as a test that fails frees nothing. */
void server_free_all (void);

/* Makes the raw disk PATH, whose boot sector powers the machine off. */
void server_put_power_off_disk (const char *path);

const char *server_get_program (void);
const char *server_get_image (void);

/* A variable of the environment, with which all programs of a run share their templates. Transfer
 * full. */
char *server_build_cache_variable (void);
pid_t server_get_pid (Server *server);
const char *server_get_tmpdir (Server *server);

/* Our end of its terminal, with setup.terminal. */
int server_get_terminal (Server *server);

/* The scratch directory of the last open or revert. */
const char *server_get_scratch (Server *server);

/* The directory with the sockets; only while it is open. */
char *server_get_directory (Server *server);

/* The words to put before a command, to run it in the guest; only while it is open. Transfer
 * full. */
char **server_get_auxverb (Server *server);

/* What it said on stderr so far. Transfer full. */
char *server_get_stderr (Server *server);

/* Waits until it has said TEXT on stderr. */
void server_wait_for_word (Server *server, const char *text);

/* Sends BYTES as they are; the server may be gone. */
void server_send (Server *server, const char *bytes);

void server_close_stdin (Server *server);
void server_close_stdout (Server *server);

/* Its next line, without the newline; NULL at the end of its stdout. Transfer full. */
char *server_read_line (Server *server, double seconds);

/* Sends a line and gives the reply. Transfer full. */
char *server_ask (Server *server, double seconds, const char *format, ...) G_GNUC_PRINTF (3, 4);

/* Sends LINE and asserts that the reply is EXPECTED. */
void server_expect (Server *server, double seconds, const char *line, const char *expected);

/* open and revert (the word in COMMAND), and what autopkgtest asks then. */
void server_open (Server *server, const char *command);

/* The second half of it, when the command has been sent. */
void server_finish_open (Server *server);

/* "copydown" or "copyup" (in COMMAND) with paths that get quoted. The reply, transfer full. */
char *server_copy (Server *server, const char *command, const char *from, const char *to);

/* Waits for its end and gives the wait status; asserts that then no process and no file of it is
 * left, GRACE seconds later at the latest. */
int server_wait (Server *server, double seconds, double grace);

/* The same, and asserts that it exited with STATUS and that its stderr has LINES lines with HINT
 * in the first one. */
void server_expect_exit (Server *server, double seconds, int status, int lines, const char *hint);
