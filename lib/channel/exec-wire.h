// SPDX-License-Identifier: GPL-2.0-or-later
/* The messages between virt-qemu-exec (the program that print-execute-command names) and the
 * server, over a unix stream socket. There is one connection per command:
 *
 *   client                                   server
 *   VqExecRequest with three descriptors
 *     (SCM_RIGHTS: stdin, stdout, stderr)
 *   argv, each word with its NUL        -->  starts the command on those descriptors
 *   (waits)                                  reads and writes them itself
 *                                       <--  VqExecReply, then text_bytes of text
 *   exits                                    closes
 *
 * The client sends nothing after argv. If it closes the connection early, it was killed, and the
 * server kills the command. If the server closes the connection without a reply, it has died. A
 * wrong request is answered with VQ_EXEC_FAILED at once, even before it has been sent completely.
 *
 * Both ends are on one machine, so numbers are in its byte order. The descriptors come with the
 * first byte. While a package is upgraded, a client may meet a server of another version. The
 * server answers it with VQ_EXEC_FAILED, so the form of the reply must never change. */
#pragma once

#include <stdint.h>

#define VQ_EXEC_MAGIC 0x43455856u /* "VXEC" */
#define VQ_EXEC_VERSION 1u

/* For argv and the environment, Linux accepts at most a quarter of the stack's limit. That is 2 MiB
 * unless the limit was raised, and never more than 6 MiB. */
#define VQ_EXEC_ARGC_MAX 262144u
#define VQ_EXEC_ARGV_BYTES_MAX (8u * 1024 * 1024)
#define VQ_EXEC_TEXT_MAX 1024u
#define VQ_EXEC_N_FDS 3

typedef struct
{
  uint32_t magic;
  uint32_t version;
  uint32_t argc;       /* 1 .. VQ_EXEC_ARGC_MAX */
  uint32_t argv_bytes; /* with the NULs; argc .. VQ_EXEC_ARGV_BYTES_MAX */
} VqExecRequest;

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
