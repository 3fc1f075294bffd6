// SPDX-License-Identifier: GPL-2.0-or-later
/* What the server and the guest helper (virt-qemu/guest-helper.c) say to each other over a
 * virtio-serial port, in frames: a header of 8 bytes, then at most VQ_HELPER_PAYLOAD_MAX bytes,
 * then a trailer of 8 bytes.
 *
 *   type (1 byte, never 0) | 0 | length of the payload (2) | stream (4) | payload
 *     | position (4) | guard (4)
 *
 * Numbers are little-endian. A zero byte where a header would begin is padding, and is skipped. A
 * stream is a command or a request. The server numbers streams upwards from 1, and never uses a
 * number twice. Stream 0 is the connection itself.
 *
 *   server                                   helper
 *   HELLO                                -->
 *                                       <--  HELLO_REPLY
 *   RUN_PART ..., RUN                    -->  starts a command
 *   STDIN ..., STDIN_END                 -->  its stdin
 *                                       <--  STDIN_CREDIT: so many bytes were taken; STDIN_CLOSED
 *                                       <--  STDOUT ..., STDERR ...
 *   STDOUT_CREDIT, STDERR_CREDIT         -->  so many bytes were delivered
 *   STDOUT_CLOSED, STDERR_CLOSED         -->  nobody reads it any more: its writer gets SIGPIPE
 *   KILL, WINDOW                         -->
 *                                       <--  EXITED, SIGNALLED or NOT_STARTED: the stream is over
 *   SET_CLOCK, ADD_ENTROPY, SET_MACHINE_ID, FIND_HOST_KEYS  -->
 *                                       <--  DONE: the stream is over
 *
 * Flow control: in each direction, a stream may have VQ_HELPER_WINDOW bytes under way. The receiver
 * gives credit back when it has passed bytes on. Frames without such data need no credit. Both ends
 * always read the port, so a stream that stalls does not hold up others.
 *
 * The end of a command: when its process has ended, the helper sends what the command's pipes hold
 * at that moment, within the window, and then how the process ended. What a daemon writes to these
 * pipes later is read and thrown away. The server may send frames for a stream whose end is already
 * on its way, so the helper ignores frames for streams that it does not know, except RUN. But if
 * the helper sends a frame for a stream that the server does not know, or more bytes than it has
 * credit for, the server does not trust it any more and fails the testbed.
 *
 * Positions: each direction counts the bytes of its frames, modulo 2^32, beginning after HELLO and
 * after HELLO_REPLY. A frame's position is that of its end. These two, RESUME and RESUMED are not
 * counted and have position 0, and padding is not counted either. The guard is the beginning of the
 * connection's nonce. So if bytes were lost in the middle of a frame or before it, its trailer does
 * not come where it should.
 *
 * A guest that sleeps: when the guest's system is suspended, its driver drops what it holds of both
 * directions, perhaps in the middle of a frame, and the port closes until the guest wakes up. So
 * each end keeps what it sent until the other has acknowledged its position with ACK, which is due
 * for every VQ_HELPER_ACK_BYTES at the latest. After the port has opened again, the server sends
 * padding and then RESUME with the position up to which it has taken frames. The helper answers
 * with RESUMED, which has its own position, and both send again what the other has not taken. The
 * server drops everything up to the RESUMED that answers its last RESUME. A helper that finds no
 * frame where one should be, waits VQ_HELPER_LOST_SECONDS for a RESUME or HELLO, and then fails.
 *
 * Resynchronisation: in a fork, the helper meets another server than before, and bytes may have
 * been lost with the old connection. So the server sends VQ_HELPER_FRAME_MAX bytes of padding
 * before HELLO, which complete any frame that the helper was receiving. A HELLO with a new nonce
 * kills all commands and drops everything that waits to be sent; a HELLO with the same nonce is
 * only answered again. The server drops everything up to a HELLO_REPLY with its nonce.
 *
 * If the helper receives something that makes no sense, it sends one FATAL frame that says why, and
 * ends. */
#pragma once

#include <stdint.h>

#define VQ_HELPER_VERSION 3u

#define VQ_HELPER_HEADER_SIZE 8u
#define VQ_HELPER_TRAILER_SIZE 8u
/* The guest's driver passes on so much in one piece. */
#define VQ_HELPER_FRAME_MAX 32768u
#define VQ_HELPER_PAYLOAD_MAX (VQ_HELPER_FRAME_MAX - VQ_HELPER_HEADER_SIZE - VQ_HELPER_TRAILER_SIZE)

/* An ACK is due for so many bytes of frames. While so many are not acknowledged, no bulk data is
 * sent. */
#define VQ_HELPER_ACK_BYTES (64u * 1024)
#define VQ_HELPER_UNACKED_MAX (512u * 1024)

/* How long a helper waits for RESUME or HELLO. */
#define VQ_HELPER_LOST_SECONDS 10

#define VQ_HELPER_WINDOW (256u * 1024)

/* How many commands and requests may be open at once. */
#define VQ_HELPER_STREAMS_MAX 1024u

/* The largest size of all payloads of one RUN together; see VQ_EXEC_ARGV_BYTES_MAX. */
#define VQ_HELPER_RUN_MAX (9u * 1024 * 1024)

#define VQ_HELPER_MAGIC "VQhelper" /* 8 bytes, without the NUL */
#define VQ_HELPER_MAGIC_SIZE 8u
#define VQ_HELPER_NONCE_SIZE 16u
#define VQ_HELPER_HELLO_SIZE (VQ_HELPER_MAGIC_SIZE + VQ_HELPER_NONCE_SIZE)
#define VQ_HELPER_RESUME_SIZE (VQ_HELPER_HELLO_SIZE + 8u)
#define VQ_HELPER_TEXT_MAX 512u
#define VQ_HELPER_ENTROPY_MAX 512u
#define VQ_HELPER_MACHINE_ID_SIZE 32u

/* The name of the port in the guest: /sys/class/virtio-ports/vportNpM/name. */
#define VQ_HELPER_PORT_NAME "org.debian.virt-qemu.helper"

/* The first word of a command that the helper's own program is to be, for a file at PATH:
 *   SELF put PATH COMMAND...             writes stdin to it
 *   SELF put-executable PATH COMMAND...  and makes it executable, as chmod +x does
 *   SELF get PATH COMMAND...             writes the file to stdout
 *   SELF grow PATH COMMAND...            lets the file system that is mounted there have all of its
 *                                        disk
 *   SELF test PATH COMMAND...            writes stdin to it, with its directory and that for logs,
 *                                        and runs it in the disk for tests, if there is one
 * COMMAND does the same for any file, and tells what is wrong. It is run instead where the file
 * cannot be opened or is not a plain one, where one that is to be read has holes, and for a test
 * where a disk for cloud-init has more files for its directory. What follows the first
 * VQ_HELPER_TEST_WORDS of COMMAND is passed to the test. */
#define VQ_HELPER_SELF VQ_HELPER_PORT_NAME
#define VQ_HELPER_SELF_WORDS 3 /* before COMMAND */
#define VQ_HELPER_FILE_PUT "put"
#define VQ_HELPER_FILE_PUT_EXECUTABLE "put-executable"
#define VQ_HELPER_FILE_GET "get"
#define VQ_HELPER_GROW "grow"
#define VQ_HELPER_TEST "test"
#define VQ_HELPER_TEST_WORDS 4
#define VQ_HELPER_TEST_LOGS "/mnt/log"
#define VQ_HELPER_TEST_DISK "/mnt/test_b"
#define VQ_HELPER_TEST_SEED "/dev/disk/by-label/cidata"

/* From both, on stream 0. u32: the position up to which frames have been taken. */
#define VQ_HELPER_ACK 'A'

/* From the server. */
typedef enum
{
  VQ_HELPER_HELLO = 'H', /* stream 0: magic, nonce */
  /* Stream 0: magic, nonce, u32 that is another one each time, u32 position. */
  VQ_HELPER_RESUME = 'U',

  /* A request to run a command, in as many parts as needed; RUN is the last one. Together the parts
   * are words, each with a letter before it and a NUL after it:
   *   a WORD        of argv, at least one; argv[0] is VQ_HELPER_SELF or is looked up on PATH
   *   e NAME=VALUE  added to the environment, which is that of a root shell that init started
   *   d DIRECTORY   to start in; without it "/"
   *   t ROWS COLUMNS  (decimal) stdin, stdout and stderr are a terminal of that size; its output is
   *                 STDOUT */
  VQ_HELPER_RUN_PART = 'p',
  VQ_HELPER_RUN = 'R',

  VQ_HELPER_STDIN = 'i',     /* 1 or more bytes */
  VQ_HELPER_STDIN_END = 'e', /* no payload; a terminal is hung up */

  VQ_HELPER_STDOUT_CREDIT = 'C', /* u32: bytes */
  VQ_HELPER_STDERR_CREDIT = 'D', /* u32: bytes */
  VQ_HELPER_STDOUT_CLOSED = 'y', /* no payload */
  VQ_HELPER_STDERR_CLOSED = 'z', /* no payload */

  /* u32: a signal for the command's process group. Its end is reported as usual. After SIGKILL no
   * more output is sent. */
  VQ_HELPER_KILL = 'K',
  VQ_HELPER_WINDOW_SIZE = 'W', /* u32 rows, u32 columns of the command's terminal */

  VQ_HELPER_SET_CLOCK = 'T', /* u64 seconds since 1970, u32 nanoseconds */
  /* 1 to VQ_HELPER_ENTROPY_MAX random bytes, all counted as entropy. The kernel's random number
   * generator is reseeded at once. */
  VQ_HELPER_ADD_ENTROPY = 'E',
  /* VQ_HELPER_MACHINE_ID_SIZE hexadecimal digits in lower case: replace the ID that the guest has,
   * if it has one (see machine-id(5)). */
  VQ_HELPER_SET_MACHINE_ID = 'I',
  /* No payload. Whether there are host keys for ssh; ENOENT: there are none. */
  VQ_HELPER_FIND_HOST_KEYS = 'k',
} VqHelperRequest;

/* From the helper. */
typedef enum
{
  VQ_HELPER_HELLO_REPLY = 'h', /* stream 0: magic, the nonce, u32 version, u32 process id */
  VQ_HELPER_RESUMED = 'u',     /* stream 0: as RESUME, with the helper's position */
  VQ_HELPER_FATAL = 'F',       /* stream 0: text; the helper ends */

  VQ_HELPER_STDOUT = 'o', /* 1 or more bytes */
  VQ_HELPER_STDERR = 'r', /* 1 or more bytes */

  VQ_HELPER_STDIN_CREDIT = 'c', /* u32: bytes of stdin that the command's pipe has taken */
  /* No payload: nobody reads stdin any more. What still comes is dropped and credited. */
  VQ_HELPER_STDIN_CLOSED = 's',

  VQ_HELPER_EXITED = 'x',    /* u32: exit status */
  VQ_HELPER_SIGNALLED = 'g', /* u32: signal */
  /* Text: why no process could be started (no such directory, no memory). A missing program is not
   * such a case: as in a shell it gives a line on stderr and status 127, or 126. */
  VQ_HELPER_NOT_STARTED = 'n',

  VQ_HELPER_DONE = 'd', /* u32: an errno, or 0 for success */
} VqHelperEvent;
