// SPDX-License-Identifier: GPL-2.0-or-later
#include "image-samples.h"

#include <check.h>
#include <string.h>

#define SECTOR 512
#define SECTORS (SAMPLE_SIZE / SECTOR)

/* Where the names of backing files are. */
#define NAME_AT 4096

static void
put (GByteArray *image, gsize at, const void *bytes, gsize n)
{
  gsize old = image->len;

  if (at + n > old)
    {
      g_byte_array_set_size (image, at + n);
      memset (image->data + old, 0, image->len - old);
    }
  if (n > 0)
    memcpy (image->data + at, bytes, n);
}

static void
put_text (GByteArray *image, gsize at, const char *text)
{
  put (image, at, text, strlen (text));
}

static void
put_be (GByteArray *image, gsize at, gsize n, guint64 value)
{
  for (; n > 0; value >>= 8)
    put (image, at + --n, &(guint8){ value & 0xff }, 1);
}

static void
put_le (GByteArray *image, gsize at, gsize n, guint64 value)
{
  for (gsize i = 0; i < n; i++, value >>= 8)
    put (image, at + i, &(guint8){ value & 0xff }, 1);
}

static void
grow (GByteArray *image, gsize size)
{
  put (image, size - 1, "", 1);
}

static void
make_raw (GByteArray *image, const Sample *sample)
{
  grow (image, 65536);
}

static void
make_mbr (GByteArray *image, const Sample *sample)
{
  grow (image, 65536);
  put (image, 0, "\xeb\x63\x90", 3);
  put (image, 446, "\x80\0\0\0\x83\0\0\0", 8);
  put_le (image, 446 + 8, 4, 2048);
  put_le (image, 446 + 12, 4, 4096);
  put (image, 510, "\x55\xaa", 2);
}

static void
make_iso (GByteArray *image, const Sample *sample)
{
  make_mbr (image, sample);
  put_text (image, 512, "EFI PART");
  put_text (image, 32769, "CD001");
}

static void
make_qcow (GByteArray *image, const Sample *sample)
{
  grow (image, 65536);
  put (image, 0, "QFI\xfb\0\0\0\1", 8);
  put_be (image, 24, 8, SAMPLE_SIZE);
  put (image, 32, "\x0c\x09", 2);
  put_be (image, 40, 8, 48);
  if (sample->backing == NULL)
    return;
  put_be (image, 8, 8, NAME_AT);
  put_be (image, 16, 4, strlen (sample->backing));
  put_text (image, NAME_AT, sample->backing);
}

static void
make_qcow2_of (GByteArray *image, const Sample *sample, guint version, gsize header_size)
{
  grow (image, 4 * 65536);
  put (image, 0, "QFI\xfb", 4);
  put_be (image, 4, 4, version);
  put_be (image, 20, 4, 16);
  put_be (image, 24, 8, SAMPLE_SIZE);
  put_be (image, 36, 4, 1);
  put_be (image, 40, 8, 3 * 65536);
  put_be (image, 48, 8, 65536);
  put_be (image, 56, 4, 1);
  if (version == 3)
    put_be (image, 96, 8, G_GUINT64_CONSTANT (4) << 32 | header_size);
  if (sample->backing != NULL)
    {
      put_be (image, 8, 8, NAME_AT);
      put_be (image, 16, 4, strlen (sample->backing));
      put_text (image, NAME_AT, sample->backing);
    }
  if (sample->backing_format != NULL)
    {
      put_be (image, header_size, 4, 0xe2792aca);
      put_be (image, header_size + 4, 4, strlen (sample->backing_format));
      put_text (image, header_size + 8, sample->backing_format);
    }
}

static void
make_qcow2_old (GByteArray *image, const Sample *sample)
{
  make_qcow2_of (image, sample, 2, 72);
}

static void
make_qcow2 (GByteArray *image, const Sample *sample)
{
  make_qcow2_of (image, sample, 3, 104);
}

static void
make_qed (GByteArray *image, const Sample *sample)
{
  grow (image, 65536);
  put (image, 0, "QED\0", 4);
  put_le (image, 4, 4, 65536);
  put_le (image, 8, 4, 4);
  put_le (image, 12, 4, 1);
  put_le (image, 40, 8, 65536);
  put_le (image, 48, 8, SAMPLE_SIZE);
  if (sample->backing == NULL)
    return;
  put_le (image, 16, 8, sample->backing_format != NULL ? 5 : 1);
  put_le (image, 56, 4, NAME_AT);
  put_le (image, 60, 4, strlen (sample->backing));
  put_text (image, NAME_AT, sample->backing);
}

static void
put_vmdk_header (GByteArray *image, gsize at, guint64 directory)
{
  put_text (image, at, "KDMV");
  put_le (image, at + 4, 4, 1);
  put_le (image, at + 8, 4, 3);
  put_le (image, at + 12, 8, SECTORS);
  put_le (image, at + 20, 8, 128);
  put_le (image, at + 28, 8, 1);
  put_le (image, at + 36, 8, 20);
  put_le (image, at + 44, 4, 512);
  put_le (image, at + 48, 8, 21);
  put_le (image, at + 56, 8, directory);
  put_le (image, at + 64, 8, 128);
  put (image, at + 73, "\n \r\n", 4);
}

static void
put_descriptor (GByteArray *image, gsize at, const char *type, const char *backing)
{
  put_text (image, at, "# Disk DescriptorFile\nversion=1\nCID=12345678\nparentCID=ffffffff\n");
  put_text (image, image->len, type);
  if (backing != NULL)
    {
      put_text (image, image->len, "parentFileNameHint=\"");
      put_text (image, image->len, backing);
      put_text (image, image->len, "\"\n");
    }
  put_text (image, image->len, "# Extent description\n");
}

static void
make_vmdk (GByteArray *image, const Sample *sample)
{
  put_vmdk_header (image, 0, 26);
  put_descriptor (image, SECTOR, "createType=\"monolithicSparse\"\n", sample->backing);
  put_text (image, image->len, "RW 16384 SPARSE \"old-name.vmdk\"\n");
  grow (image, 2 * 65536);
}

static void
make_vmdk_stream (GByteArray *image, const Sample *sample)
{
  put_vmdk_header (image, 0, G_MAXUINT64);
  put_le (image, 12, 8, 1); /* the one in the footer counts */
  put_descriptor (image, SECTOR, "createType=\"streamOptimized\"\n", NULL);
  put_text (image, image->len, "RDONLY 16384 SPARSE \"stream.vmdk\"\n");
  grow (image, 3 * 65536);
  put_le (image, image->len - 3 * SECTOR + 12, 4, 3);
  put_vmdk_header (image, image->len - 2 * SECTOR, 200);
}

static void
make_vmdk_text (GByteArray *image, const Sample *sample)
{
  put_descriptor (image, 0, "createType=\"monolithicFlat\"\n", NULL);
}

static void
make_vdi (GByteArray *image, const Sample *sample)
{
  put_text (image, 0, "<<< QEMU VM Virtual Disk Image >>>\n");
  put_le (image, 64, 4, 0xbeda107f);
  put_le (image, 68, 4, 0x00010001);
  put_le (image, 72, 4, 0x180);
  put_le (image, 76, 4, 1);
  put_le (image, 340, 4, 512);
  put_le (image, 344, 4, 65536);
  put_le (image, 360, 4, 512);
  put_le (image, 368, 8, SAMPLE_SIZE);
  put_le (image, 376, 4, 1024 * 1024);
  grow (image, 2 * 65536);
}

#define VHDX_REGIONS (192 * 1024)
#define VHDX_METADATA (256 * 1024)

static void
make_vhdx (GByteArray *image, const Sample *sample)
{
  put_text (image, 0, "vhdxfile");
  put_text (image, VHDX_REGIONS, "regi");
  put_le (image, VHDX_REGIONS + 8, 4, 1);
  put (image, VHDX_REGIONS + 16, "\x06\xa2\x7c\x8b\x90\x47\x9a\x4b\xb8\xfe\x57\x5f\x05\x0f\x88\x6e",
       16);
  put_le (image, VHDX_REGIONS + 32, 8, VHDX_METADATA);
  put_text (image, VHDX_METADATA, "metadata");
  put_le (image, VHDX_METADATA + 10, 2, 2);
  put (image, VHDX_METADATA + 32,
       "\x37\x67\xa1\xca\x36\xfa\x43\x4d\xb3\xb6\x33\xf0\xaa\x44\xe7\x6b", 16);
  put_le (image, VHDX_METADATA + 48, 4, 256);
  put (image, VHDX_METADATA + 64,
       "\x24\x42\xa5\x2f\x1b\xcd\x76\x48\xb2\x11\x5d\xbe\xd8\x3b\xf4\xb8", 16);
  put_le (image, VHDX_METADATA + 80, 4, 264);
  put_le (image, VHDX_METADATA + 256, 8, 1024 * 1024);
  put_le (image, VHDX_METADATA + 264, 8, SAMPLE_SIZE);
  grow (image, VHDX_METADATA + 1024);
}

static void
put_vpc_footer (GByteArray *image, gsize at, guint type)
{
  put_text (image, at, "conectix");
  put_be (image, at + 16, 8, 512);
  put_text (image, at + 28, "qem2");
  put_be (image, at + 48, 8, SAMPLE_SIZE);
  put_be (image, at + 60, 4, type);
  grow (image, at + SECTOR);
}

static void
make_vpc (GByteArray *image, const Sample *sample)
{
  put_vpc_footer (image, 0, 3);
  put_text (image, 512, "cxsparse");
  put_be (image, 512 + 16, 8, 1536);
  put_vpc_footer (image, 65536, 3);
}

static void
make_vpc_fixed (GByteArray *image, const Sample *sample)
{
  make_mbr (image, sample);
  put_vpc_footer (image, image->len, 2);
}

static void
make_luks (GByteArray *image, const Sample *sample)
{
  put (image, 0, "LUKS\xba\xbe\0\1", 8);
  put_be (image, 104, 4, 128);
  grow (image, 2 * 65536);
}

static void
make_parallels (GByteArray *image, const Sample *sample)
{
  put_text (image, 0, "WithouFreSpacExt");
  put_le (image, 16, 4, 2);
  put_le (image, 28, 4, 2048);
  put_le (image, 32, 4, 8);
  put_le (image, 36, 8, SECTORS);
  grow (image, 65536);
}

static void (*const makers[SAMPLE_N]) (GByteArray *, const Sample *) = {
  [SAMPLE_RAW] = make_raw,
  [SAMPLE_MBR] = make_mbr,
  [SAMPLE_ISO] = make_iso,
  [SAMPLE_QCOW] = make_qcow,
  [SAMPLE_QCOW2_OLD] = make_qcow2_old,
  [SAMPLE_QCOW2] = make_qcow2,
  [SAMPLE_QED] = make_qed,
  [SAMPLE_VMDK] = make_vmdk,
  [SAMPLE_VMDK_STREAM] = make_vmdk_stream,
  [SAMPLE_VMDK_TEXT] = make_vmdk_text,
  [SAMPLE_VDI] = make_vdi,
  [SAMPLE_VHDX] = make_vhdx,
  [SAMPLE_VPC] = make_vpc,
  [SAMPLE_VPC_FIXED] = make_vpc_fixed,
  [SAMPLE_LUKS] = make_luks,
  [SAMPLE_PARALLELS] = make_parallels,
};

GByteArray *
sample_build (const Sample *sample)
{
  GByteArray *image = g_byte_array_new ();

  makers[sample->kind](image, sample);
  for (gsize i = 0; i < G_N_ELEMENTS (sample->patches); i++)
    {
      const SamplePatch *patch = &sample->patches[i];
      gsize end = patch->at < 0 ? image->len : 0;

      put (image, end + patch->at, patch->bytes, patch->n);
    }
  return image;
}
