// SPDX-License-Identifier: GPL-2.0-or-later
/* The messages between a client that runs a command (virt-qemu-exec, which print-execute-command
 * names, and exec-client, which the verbs of virt-qemu use) and the server of the testbed, over a
 * unix stream socket. There is one connection per command:
 *
 *   client                                   server
 *   VqExecRequest with three descriptors
 *     (SCM_RIGHTS: stdin, stdout, stderr)
 *   words, each with its NUL            -->  starts the command on those descriptors
 *   VqExecMessage ...                   -->  reads and writes them itself
 *                                       <--  VqExecReply, then text_bytes of text
 *   exits                                    closes
 *
 * If the client closes the connection early, it was killed, and the server kills the command. If
 * the server closes the connection without a reply, it has died. A wrong request or message is
 * answered with VQ_EXEC_FAILED at once, even before it has been sent completely.
 *
 * Both ends are on one machine, so numbers are in its byte order. The descriptors come with the
 * first byte. While a package is upgraded, a client may meet a server of another version. The
 * server answers it with VQ_EXEC_FAILED, so the form of the reply must never change, and magic and
 * version are always at the beginning of the request. */
#pragma once

#include <stdint.h>

#define VQ_EXEC_MAGIC 0x43455856u /* "VXEC" */
#define VQ_EXEC_VERSION 2u

/* For argv and the environment, Linux accepts at most a quarter of the stack's limit. That is 2 MiB
 * unless the limit was raised, and never more than 6 MiB. */
#define VQ_EXEC_WORDS_MAX 262144u
#define VQ_EXEC_BYTES_MAX (8u * 1024 * 1024)
#define VQ_EXEC_TEXT_MAX 1024u
#define VQ_EXEC_N_FDS 3

/* The words are those of argv, and for a command on a terminal then NAME=VALUE words for its
 * environment and the directory to start in. Stderr is not used by a command on a terminal. */
typedef struct
{
  uint32_t magic;
  uint32_t version;
  uint32_t argc;        /* at least 1 */
  uint32_t envc;        /* 0 without a terminal */
  uint32_t bytes;       /* of all words with their NULs; at most VQ_EXEC_BYTES_MAX */
  uint32_t on_terminal; /* 0 or 1: the command gets a terminal of its own, of this size: */
  uint32_t rows, columns;
} VqExecRequest;

/* Says something to a command that runs. */
typedef enum
{
  /* values[0] is a signal for the command's process group. SIGKILL always kills it. Where other
   * signals cannot be passed on, they do the same. */
  VQ_EXEC_SIGNAL = 1,
  VQ_EXEC_WINDOW_SIZE = 2, /* values are the rows and columns of its terminal */
} VqExecMessageKind;

typedef struct
{
  uint32_t kind;
  uint32_t values[2];
} VqExecMessage;

typedef enum
{
  VQ_EXEC_EXITED = 1,    /* value is the exit status, 0-255 */
  VQ_EXEC_SIGNALLED = 2, /* value is the signal's number */
  VQ_EXEC_FAILED = 3,    /* the text says why */
} VqExecKind;

typedef struct
{
  uint32_t magic;
  uint32_t kind;
  int32_t value;
  uint32_t text_bytes; /* at most VQ_EXEC_TEXT_MAX; only with VQ_EXEC_FAILED */
} VqExecReply;
