// SPDX-License-Identifier: GPL-2.0-or-later
/* What virt-qemu tells virt-qemu-fetch, and what that answers. The one side parses what the network
 * sends; the other one reads only these lines, and believes none of them that it can check.
 *
 * The arguments are a word for what is to be done, and NAME=VALUE for the rest:
 *
 *   get url=URL fd=N max=BYTES stall=SECONDS   to the open file N
 *       size=BYTES if-range=VALIDATOR          go on after so many bytes that are in it already, if
 *                                              the file on the server is still the same
 *       etag=TEXT modified=TEXT                only if the server has another file than that one
 *       sha512=1                               tell this digest, too
 *       fixed-max=1                            the user has not said how much it may be
 *   unpack from=N fd=N max=BYTES               what is in the file N
 *
 * On stdout come lines "NAME VALUE":
 *
 *   etag, modified   what the server says of the file, before its first byte
 *   begin OFFSET     the file is written from here on; what was there behind it is gone
 *   total BYTES      its size, if the server tells it
 *   at BYTES         how far it is, now and then
 *   same 1           the server has no other file
 *   sha256, sha512   the digests, at the end
 *
 * If it fails, the last line on stderr says why, and the exit status is VQ_FETCH_STATUS plus a
 * VqErrorCode. */
#pragma once

#define VQ_FETCH_PROGRAM "virt-qemu-fetch"
#define VQ_FETCH_GET "get"
#define VQ_FETCH_UNPACK "unpack"
#define VQ_FETCH_STATUS 10

/* The longest line, and the longest validator (an ETag or a date), in bytes. */
#define VQ_FETCH_LINE_MAX 1024
#define VQ_FETCH_VALIDATOR_MAX 256
