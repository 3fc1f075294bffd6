// SPDX-License-Identifier: GPL-2.0-or-later
/* For tests that make a LUKS volume with qemu-img: that of QEMU 7.2 fails by chance on a fast host
 * (see lib/disk/disk-luks.c), so it is asked again. */
#pragma once

/* What it says then. */
#define LUKS_QEMU_IMG_CHANCE "accurate CPU usage"

/* For a shell script: the function luks_qemu_img. */
#define LUKS_QEMU_IMG_SCRIPT                                                                       \
  "luks_qemu_img() { for n in $(seq 100); do said=$(qemu-img \"$@\" 2>&1) && return; "             \
  "case $said in *'" LUKS_QEMU_IMG_CHANCE "'*) ;; *) break ;; esac; done; "                        \
  "echo \"$said\" >&2; return 1; }; "
