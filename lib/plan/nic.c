// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan/nic.h"

#include <net/if.h>
#include <string.h>

#include "base/error.h"
#include "base/qemu-value.h"

#define MAC_CHARS 17 /* 52:54:00:12:34:56 */

gboolean
vq_nic_check_mac (const char *text, GError **error)
{
  gboolean good = strlen (text) == MAC_CHARS;

  for (int i = 0; good && i < MAC_CHARS; i++)
    good = i % 3 == 2 ? text[i] == ':' : g_ascii_isxdigit (text[i]);
  if (!good)
    return vq_error_set (error, VQ_ERROR_USAGE,
                         "\"%s\" is not the address of a network card, as 52:54:00:12:34:56", text);
  return g_ascii_xdigit_value (text[1]) % 2 == 0
         || vq_error_set (error, VQ_ERROR_USAGE,
                          "%s is an address for many: the first two digits must be an even number",
                          text);
}

/* Whether the kernel allows it as the name of a bridge. */
static gboolean
check_bridge (const char *name, GError **error)
{
  gsize n = strlen (name);

  return (n > 0 && n < IFNAMSIZ && name[0] != '.'
          && strspn (name, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "_.-") == n)
         || vq_error_set (error, VQ_ERROR_USAGE, "\"%s\" cannot be the name of a bridge", name);
}

static gboolean
parse_part (VqNic *nic, const char *part, GError **error)
{
  char **field = g_str_has_prefix (part, "mac=")  ? &nic->mac
                 : g_str_has_prefix (part, "br=") ? &nic->bridge
                                                  : NULL;

  if (field == NULL)
    return vq_error_set (error, VQ_ERROR_USAGE, "\"%s\" is not br=NAME or mac=ADDRESS", part);
  if (*field != NULL)
    return vq_error_set (error, VQ_ERROR_USAGE, "%.*s is given twice", (int)strcspn (part, "="),
                         part);
  *field = g_strdup (strchr (part, '=') + 1);
  return TRUE;
}

static gboolean
check (const VqNic *nic, const char *type, GError **error)
{
  gboolean is_bridge = strcmp (type, "bridge") == 0;

  if (!is_bridge && strcmp (type, "user") != 0)
    return vq_error_set (error, VQ_ERROR_USAGE, "\"%s\" is not user or bridge", type);
  if (is_bridge != (nic->bridge != NULL))
    return vq_error_set (error, VQ_ERROR_USAGE,
                         is_bridge ? "a bridge needs br=, its name" : "br= is for bridge only");
  return (nic->bridge == NULL || check_bridge (nic->bridge, error))
         && (nic->mac == NULL || vq_nic_check_mac (nic->mac, error));
}

VqNic *
vq_nic_parse (const char *text, GError **error)
{
  g_autoptr (VqNic) nic = g_new0 (VqNic, 1);
  g_auto (GStrv) parts = vq_qemu_value_split (text);

  for (char **part = parts + 1; *part != NULL; part++)
    if (!parse_part (nic, *part, error))
      return NULL;
  return check (nic, parts[0], error) ? g_steal_pointer (&nic) : NULL;
}

void
vq_nic_free (VqNic *nic)
{
  if (nic == NULL)
    return;
  g_free (nic->bridge);
  g_free (nic->mac);
  g_free (nic);
}

gboolean
vq_nic_add (GPtrArray *nics, const char *text, GError **error)
{
  g_autoptr (VqNic) nic = vq_nic_parse (text, error);

  if (nic == NULL)
    return FALSE;
  if (nics->len == VQ_NIC_N_MAX)
    return vq_error_set (error, VQ_ERROR_USAGE, "there can be %d network cards at most",
                         VQ_NIC_N_MAX);
  for (guint i = 0; nic->mac != NULL && i < nics->len; i++)
    {
      const VqNic *other = nics->pdata[i];

      if (other->mac != NULL && g_ascii_strcasecmp (nic->mac, other->mac) == 0)
        return vq_error_set (error, VQ_ERROR_USAGE, "mac=%s is given twice", nic->mac);
    }
  g_ptr_array_add (nics, g_steal_pointer (&nic));
  return TRUE;
}

int
vq_nic_find_user (const GPtrArray *nics)
{
  for (guint i = 0; i < nics->len; i++)
    if (((const VqNic *)nics->pdata[i])->bridge == NULL)
      return (int)i;
  return -1;
}

gboolean
vq_nic_need_bridge (const GPtrArray *nics)
{
  for (guint i = 0; i < nics->len; i++)
    if (((const VqNic *)nics->pdata[i])->bridge != NULL)
      return TRUE;
  return FALSE;
}
