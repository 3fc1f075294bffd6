// SPDX-License-Identifier: GPL-2.0-or-later
#include "image-samples.h"

#define NOT_A_PATH "is not a path, and no option allows that"
#define OUTSIDE "allows that"
#define DAMAGED "its header is damaged"
#define TWO "at once"
#define ELSEWHERE "it has its contents in another file"
#define UNSUPPORTED "is not supported"
#define DIFFERENCING "whose parent QEMU does not open"

#define PARTITIONS PATCH (462, "\x80\0\0\0\x83\0\0\0\0\x08\0\0\0\x10\0\0"), PATCH (510, "\x55\xaa")

#define LINE "what a comment could say, in 64 bytes ........................\n# "
#define SECTOR_OF_TEXT LINE LINE LINE LINE LINE LINE LINE LINE

/* clang-format off */
const HostileSample hostile_samples[] = {
  /* Names that QEMU does not take for a path. */
  { { SAMPLE_QCOW2, "json:{\"driver\":\"file\",\"filename\":\"/etc/passwd\"}" }, NOT_A_PATH },
  { { SAMPLE_QCOW2, "json:{}", "raw" }, NOT_A_PATH },
  { { SAMPLE_QCOW2, "nbd://127.0.0.1:10809/disk", "raw" }, NOT_A_PATH },
  { { SAMPLE_QCOW2, "nbd:unix:/run/socket" }, NOT_A_PATH },
  { { SAMPLE_QCOW2, "nbd+unix:///disk?socket=/run/socket" }, NOT_A_PATH },
  { { SAMPLE_QCOW2, "https://example.org/disk" }, NOT_A_PATH },
  { { SAMPLE_QCOW2, "ssh://root@example.org/disk" }, NOT_A_PATH },
  { { SAMPLE_QCOW2, "rbd:pool/disk" }, NOT_A_PATH },
  { { SAMPLE_QCOW2, "fat:/etc", "raw" }, NOT_A_PATH },
  { { SAMPLE_QCOW2, "fat:rw:." }, NOT_A_PATH },
  { { SAMPLE_QCOW2, "host_device:/dev/sda" }, NOT_A_PATH },
  { { SAMPLE_QCOW2, "blkdebug::/etc/passwd" }, NOT_A_PATH },
  { { SAMPLE_QCOW2, "null-co://" }, NOT_A_PATH },
  { { SAMPLE_QCOW2, "file:raw" }, NOT_A_PATH }, /* it would begin in the current directory */
  { { SAMPLE_QCOW2, ":raw" }, NOT_A_PATH },
  { { SAMPLE_QCOW2, "no-protocol:" }, NOT_A_PATH },
  { { SAMPLE_QCOW, "nbd:localhost:10809" }, NOT_A_PATH },
  { { SAMPLE_QED, "nbd:localhost:10809", "raw" }, NOT_A_PATH },
  { { SAMPLE_VMDK, "nbd:localhost:10809" }, NOT_A_PATH },
  { { SAMPLE_VMDK, "json:{}" }, NOT_A_PATH },

  /* Files elsewhere. */
  { { SAMPLE_QCOW2, "/etc/passwd", "raw" }, "--allow-backing=/etc " OUTSIDE },
  { { SAMPLE_QCOW2, "/etc/passwd" }, "--allow-backing=/etc " OUTSIDE },
  { { SAMPLE_QCOW2, "/etc/./../etc/passwd" }, "--allow-backing=/etc " OUTSIDE },
  { { SAMPLE_QCOW2, "file:/etc/passwd" }, "--allow-backing=/etc " OUTSIDE },
  { { SAMPLE_QCOW2, "file:///etc/passwd" }, "--allow-backing=/etc " OUTSIDE },
  { { SAMPLE_QCOW2_OLD, "/etc/passwd", "raw" }, "--allow-backing=/etc " OUTSIDE },
  { { SAMPLE_QCOW, "/etc/passwd" }, "--allow-backing=/etc " OUTSIDE },
  { { SAMPLE_QED, "/etc/passwd", "raw" }, "--allow-backing=/etc " OUTSIDE },
  { { SAMPLE_QED, "/etc/passwd" }, "--allow-backing=/etc " OUTSIDE },
  { { SAMPLE_VMDK, "/etc/passwd" }, "--allow-backing=/etc " OUTSIDE },
  { { SAMPLE_QCOW2, "/proc/self/environ", "raw" }, OUTSIDE },
  { { SAMPLE_QCOW2, "/dev/zero", "raw" }, OUTSIDE },
  { { SAMPLE_QCOW2, "../secret", "raw" }, OUTSIDE },
  { { SAMPLE_QCOW2, "directory/../../secret", "raw" }, OUTSIDE },
  { { SAMPLE_QCOW2, "link", "raw" }, OUTSIDE },
  { { SAMPLE_QCOW2, "outside/secret", "raw" }, OUTSIDE },
  { { SAMPLE_QCOW2, "outside/images/link", "raw" }, OUTSIDE },
  { { SAMPLE_QCOW2, "../images-too", "raw" }, OUTSIDE }, /* begins like the directory */
  { { SAMPLE_QCOW2, "." }, OUTSIDE },

  /* Files that are none. */
  { { SAMPLE_QCOW2, "missing" }, "which cannot be found: No such file" },
  { { SAMPLE_QCOW2, "raw/", "raw" }, "which cannot be found: Not a directory" },
  { { SAMPLE_QCOW2, "\033[31m\n\xff" }, "which cannot be found: No such file" },
  { { SAMPLE_QCOW2, "directory" }, "it is a directory" },
  { { SAMPLE_QCOW2, "fifo", "raw" }, "neither a file nor a block device" },
  { { SAMPLE_QCOW2, "empty", "raw" }, "it is empty" },
  { { SAMPLE_QCOW2, "hostile" }, "go in a circle" },
  { { SAMPLE_QCOW2, "directory/../hostile", "qcow2" }, "go in a circle" },

  /* A recorded format that is not the file's. */
  { { SAMPLE_QCOW2, "raw", "qcow2" }, "is a raw image, but is to be opened as qcow2" },
  { { SAMPLE_QCOW2, "raw", "vmdk" }, "is a raw image, but is to be opened as vmdk" },
  { { SAMPLE_QCOW2, "raw", "vpc" }, "is a raw image, but is to be opened as vpc" },
  { { SAMPLE_QCOW2, "raw", "nbd" }, "is a raw image, but is to be opened as nbd" },
  { { SAMPLE_QCOW2, "raw", "json:" }, "is a raw image, but is to be opened as json:" },
  { { SAMPLE_QCOW2, "raw", "host_device" }, "is to be opened as host_device" },
  { { SAMPLE_VMDK, "raw" }, "is a raw image, but is to be opened as vmdk" },

  /* qcow2: data files. */
  { { SAMPLE_QCOW2, .patches = { PATCH (79, "\4"), PATCH (104, "DATA\0\0\0\6secret") } }, "file, secret, and no option" },
  { { SAMPLE_QCOW2, .patches = { PATCH (79, "\4"), PATCH (104, "DATA\0\0\0\7json:{}") } }, "file, json:{}, and no option" },
  { { SAMPLE_QCOW2, .patches = { PATCH (79, "\4") } }, "another file, and no option" },
  { { SAMPLE_QCOW2, .patches = { PATCH (79, "\4"), PATCH (104, "DATA\0\0\0\0") } }, ELSEWHERE },
  { { SAMPLE_QCOW2, .patches = { PATCH (104, "DATA\0\0\0\6secret") } }, ELSEWHERE },
  { { SAMPLE_QCOW2_OLD, .patches = { PATCH (72, "DATA\0\0\0\6secret") } }, ELSEWHERE },
  { { SAMPLE_QCOW2, .patches = { PATCH (104, "DATA\0\0\0\1x\0\0\0\0\0\0\0DATA\0\0\0\1y") } }, "an extension twice" },
  { { SAMPLE_QCOW2, .patches = { PATCH (104, "\1\1\1\1\0\0\0\6padded\0\0DATA\0\0\0\1y") } }, "file, y, and" },

  /* qcow2: damage. */
  { { SAMPLE_QCOW2, .patches = { PATCH (4, "\0\0\0\0") } }, "of a version that is not known" },
  { { SAMPLE_QCOW2, .patches = { PATCH (4, "\0\0\0\4") } }, "of a version that is not known" },
  { { SAMPLE_QCOW2, .patches = { PATCH (79, "\x20") } }, "features that are not known here (0x20)" },
  { { SAMPLE_QCOW2, .patches = { PATCH (72, "\x80") } }, "features that are not known" },
  { { SAMPLE_QCOW2, .patches = { PATCH (23, "\x08") } }, DAMAGED },
  { { SAMPLE_QCOW2, .patches = { PATCH (23, "\x16") } }, DAMAGED },
  { { SAMPLE_QCOW2, .patches = { PATCH (20, "\xff\xff\xff\xff") } }, DAMAGED },
  { { SAMPLE_QCOW2, .patches = { PATCH (24, "\0\0\0\0\0\0\0\0") } }, "the disk has no size" },
  { { SAMPLE_QCOW2, .patches = { PATCH (100, "\0\0\0\0") } }, "it is too short" },
  { { SAMPLE_QCOW2, .patches = { PATCH (100, "\0\0\0\x67") } }, "it is too short" },
  { { SAMPLE_QCOW2, .patches = { PATCH (100, "\0\1\0\1") } }, DAMAGED },
  { { SAMPLE_QCOW2, .patches = { PATCH (100, "\xff\xff\xff\xff") } }, DAMAGED },
  { { SAMPLE_QCOW2, "raw", .patches = { PATCH (8, "\0\0\0\0\0\1\0\0") } }, DAMAGED },
  { { SAMPLE_QCOW2, "raw", .patches = { PATCH (8, "\xff") } }, DAMAGED },
  { { SAMPLE_QCOW2, "raw", .patches = { PATCH (8, "\0\0\0\0\0\0\0\x08") } }, DAMAGED },
  { { SAMPLE_QCOW2, "raw", .patches = { PATCH (16, "\0\0\4\0") } }, "more than 1023 bytes" },
  { { SAMPLE_QCOW2, "raw", .patches = { PATCH (16, "\xff\xff\xff\xff") } }, DAMAGED },
  { { SAMPLE_QCOW2, .patches = { PATCH (104, "\1\1\1\1\xff\xff\xff\xff") } }, "an extension is too long" },
  { { SAMPLE_QCOW2, .patches = { PATCH (104, "\1\1\1\1\0\0\xff\x91") } }, "an extension is too long" },
  { { SAMPLE_QCOW2, .patches = { PATCH (100, "\0\0\xff\xfc") } }, "an extension is cut off" },
  { { SAMPLE_QCOW2, "raw", "a-name-of-16-byt" }, "the name in an extension is too long" },

  /* Other formats of QEMU. */
  { { SAMPLE_QCOW, "raw", .patches = { PATCH (8, "\x80") } }, DAMAGED },
  { { SAMPLE_QCOW, "raw", .patches = { PATCH (16, "\0\0\4\0") } }, "more than 1023 bytes" },
  { { SAMPLE_QCOW, .patches = { PATCH (32, "\0") } }, DAMAGED },
  { { SAMPLE_QCOW, .patches = { PATCH (32, "\xff") } }, DAMAGED },
  { { SAMPLE_QED, "raw", .patches = { PATCH (16, "\x09") } }, "features that are not known" },
  { { SAMPLE_QED, "raw", .patches = { PATCH (56, "\xff\xff\xff\xff") } }, DAMAGED },
  { { SAMPLE_QED, "raw", .patches = { PATCH (60, "\xff\xff\xff\xff") } }, DAMAGED },

  /* vmdk: extents. */
  { { SAMPLE_VMDK_TEXT, .patches = { PATCH (112, "\nRW 16 FLAT \"/etc/passwd\" 0\n") } }, "file, /etc/passwd, and no option" },
  { { SAMPLE_VMDK_TEXT, .patches = { PATCH (112, "\nRW 16 VMFS \"../secret\"\r\n") } }, "file, ../secret, and no option" },
  { { SAMPLE_VMDK_TEXT, .patches = { PATCH (112, "\nRW 16 SPARSE \"nbd:localhost:1\"\n") } }, "file, nbd:localhost:1, and" },
  { { SAMPLE_VMDK_TEXT, .patches = { PATCH (112, "\nRW 16 FLAT \"json:{}\" 0\n") } }, "file, json:{}, and no option" },
  { { SAMPLE_VMDK_TEXT, .patches = { PATCH (112, "\nRW 16 FLAT \"hostile\" 1\n") } }, "file, hostile, and no option" },
  { { SAMPLE_VMDK_TEXT }, "another file, and no option" },
  { { SAMPLE_RAW, .patches = { PATCH (0, "# a\n#\n  \r\nversion=2\n") } }, ELSEWHERE },
  { { SAMPLE_RAW, .patches = { PATCH (0, "version=1\nRW 1 FLAT \"secret\" 0") } }, "file, secret, and" },
  { { SAMPLE_VMDK, .patches = { PATCH (12, "\0\0\0\0\0\0\0\0") } }, "a part of a vmdk image" },
  { { SAMPLE_VMDK, .patches = { PATCH (28, "\0\0\0\0\0\0\0\0") } }, "a part of a vmdk image" },
  { { SAMPLE_VMDK, .patches = { PATCH (28, "\x40") } }, "a part of a vmdk image" },
  { { SAMPLE_VMDK, .patches = { PATCH (512, "RW 1 FLAT \"secret\" 0\n#") } }, "file, secret, and no option" },
  { { SAMPLE_VMDK, .patches = { PATCH (512, "RDONLY 1 FLAT \"secret\" 0\n#") } }, "file, secret, and no option" },
  { { SAMPLE_VMDK, .patches = { PATCH (512, "#" SECTOR_OF_TEXT "parentFileNameHint=\"../secret\"\n") } }, OUTSIDE },
  { { SAMPLE_VMDK, .patches = { PATCH (512, "RW 1 SPARSE \"a\"\n#") } }, "file, old-name.vmdk, and" },
  { { SAMPLE_VMDK, .patches = { PATCH (512, "parentFileNameHint=\"../secret\"\n#") } }, OUTSIDE },
  { { SAMPLE_VMDK, .patches = { PATCH (512, "#parentFileNameHint: ../secret\"#") } }, OUTSIDE },
  { { SAMPLE_VMDK, .patches = { PATCH (512, "parentFileNameHint\0") } }, "the name of the parent has no end" },
  { { SAMPLE_VMDK_STREAM, .patches = { PATCH (-1024, "X") } }, "its footer is missing" },
  { { SAMPLE_VMDK, .patches = { PATCH (0, "COWD") } }, UNSUPPORTED },

  /* Differencing images. */
  { { SAMPLE_VDI, .patches = { PATCH (76, "\4") } }, DIFFERENCING },
  { { SAMPLE_VDI, .patches = { PATCH (76, "\3") } }, DIFFERENCING },
  { { SAMPLE_VDI, .patches = { PATCH (424, "\1") } }, DIFFERENCING },
  { { SAMPLE_VDI, .patches = { PATCH (455, "\1") } }, DIFFERENCING },
  { { SAMPLE_VHDX, .patches = { PATCH (262144 + 260, "\2") } }, DIFFERENCING },
  { { SAMPLE_VHDX, .patches = { PATCH (262144 + 64, "\x2d\x5f\xd3\xa8\x0b\xb3\x4d\x45\xab\xf7\xd3\xd8\x48\x34\xab\x0c") } }, DIFFERENCING },
  { { SAMPLE_VPC, .patches = { PATCH (63, "\4") } }, DIFFERENCING },

  /* Damage in other formats. */
  { { SAMPLE_VDI, .patches = { PATCH (68, "\2") } }, "of a version that is not known" },
  { { SAMPLE_VHDX, .patches = { PATCH (196608, "X") } }, "no table of its parts" },
  { { SAMPLE_VHDX, .patches = { PATCH (196608 + 8, "\0\x08") } }, "no table of its parts" },
  { { SAMPLE_VHDX, .patches = { PATCH (196608 + 8, "\0") } }, "it has no metadata" },
  { { SAMPLE_VHDX, .patches = { PATCH (196608 + 32, "\xff\xff\xff\xff\xff\xff\xff\xff") } }, DAMAGED },
  { { SAMPLE_VHDX, .patches = { PATCH (262144 + 10, "\xff\xff") } }, "no table of its parts" },
  { { SAMPLE_VHDX, .patches = { PATCH (262144 + 48, "\xff\xff\xff\xff") } }, DAMAGED },
  { { SAMPLE_VHDX, .patches = { PATCH (262144 + 80, "\xff\xff\xff\xff") } }, DAMAGED },
  { { SAMPLE_VPC, .patches = { PATCH (63, "\2") } }, DAMAGED },
  { { SAMPLE_VPC, .patches = { PATCH (512, "X") } }, DAMAGED },
  { { SAMPLE_VPC, .patches = { PATCH (16, "\xff\xff\xff\xff\xff\xff\xff\xff") } }, DAMAGED },
  { { SAMPLE_LUKS, .patches = { PATCH (104, "\xff\xff\xff\xff") } }, "its contents are missing" },
  { { SAMPLE_PARALLELS, .patches = { PATCH (16, "\3") } }, "of a version that is not known" },

  /* Two formats at once. */
  { { SAMPLE_QCOW2, .patches = { PARTITIONS } }, TWO },
  { { SAMPLE_QCOW2, .patches = { PATCH (512, "EFI PART") } }, TWO },
  { { SAMPLE_QCOW2, .patches = { PATCH (4096, "EFI PART") } }, TWO },
  { { SAMPLE_QCOW2, .patches = { PATCH (32769, "CD001") } }, TWO },
  { { SAMPLE_QCOW2, .patches = { PATCH (-512, "conectix"), PATCH (-452, "\0\0\0\2") } }, TWO },
  { { SAMPLE_QCOW2, .patches = { PATCH (-512, "koly\0\0\0\4\0\0\2\0") } }, TWO },
  { { SAMPLE_QCOW2, .patches = { PATCH (64, "\x7f\x10\xda\xbe") } }, TWO },
  { { SAMPLE_QCOW, .patches = { PARTITIONS } }, TWO },
  { { SAMPLE_QED, .patches = { PATCH (32769, "CD001") } }, TWO },
  { { SAMPLE_VMDK, .patches = { PARTITIONS } }, TWO },
  { { SAMPLE_VMDK, .patches = { PATCH (32769, "CD001") } }, TWO },
  { { SAMPLE_VMDK, .patches = { PATCH (-512, "koly\0\0\0\4\0\0\2\0") } }, TWO },
  { { SAMPLE_ISO, .patches = { PATCH (0, "# Disk DescriptorFile\nversion=1\n") } }, TWO },
  { { SAMPLE_MBR, .patches = { PATCH (0, "version=1\nRW 1 FLAT \"secret\" 0\n") } }, TWO },
  { { SAMPLE_ISO, .patches = { PATCH (0, "LUKS\xba\xbe\0\1"), PATCH (104, "\0\0\0\x40") } }, TWO },
  { { SAMPLE_LUKS, .patches = { PATCH (512, "EFI PART") } }, TWO },
  { { SAMPLE_LUKS, .patches = { PATCH (64, "\x7f\x10\xda\xbe") } }, TWO },
  { { SAMPLE_VDI, .patches = { PARTITIONS } }, TWO },
  { { SAMPLE_VDI, .patches = { PATCH (32769, "CD001") } }, TWO },
  { { SAMPLE_VHDX, .patches = { PATCH (512, "EFI PART") } }, TWO },
  { { SAMPLE_VHDX, .patches = { PATCH (64, "\x7f\x10\xda\xbe") } }, TWO },
  { { SAMPLE_VPC, .patches = { PARTITIONS } }, TWO },
  { { SAMPLE_PARALLELS, .patches = { PARTITIONS } }, TWO },
  { { SAMPLE_MBR, .patches = { PATCH (-512, "conectix"), PATCH (-452, "\0\0\0\3") } }, TWO },
  { { SAMPLE_MBR, .patches = { PATCH (-512, "conectix"), PATCH (-452, "\0\0\0\4") } }, TWO },

  /* Formats that are only known in order to be refused. */
  { { SAMPLE_RAW, .patches = { PATCH (-512, "koly\0\0\0\4\0\0\2\0") } }, "dmg image, which is not supported" },
  { { SAMPLE_RAW, .patches = { PATCH (0, "Bochs Virtual HD Image\0Redolog") } }, UNSUPPORTED },
  { { SAMPLE_RAW, .patches = { PATCH (0, "#!/bin/sh\n#V2.0 Format\nmodprobe cloop") } }, UNSUPPORTED },
};
/* clang-format on */

gsize
hostile_samples_count (void)
{
  return G_N_ELEMENTS (hostile_samples);
}
