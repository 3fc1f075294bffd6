// SPDX-License-Identifier: GPL-2.0-or-later
/* The sockets of the ports are this test's, and nobody answers there: the error names the ways that
 * were tried. */
#include "guest/way-choice.h"

#include <check.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/error.h"
#include "leaks.h"
#include "messages.h"
#include "qemu/qemu-port.h"
#include "suite.h"

static const char *const ports[] = { "hvc0", "hvc1", "ttyS0", "ttyS1" };

static char *directory;
static int listeners[G_N_ELEMENTS (ports)];
static VqConsole *console;
static VqGuestAgent *agent;
static int agent_end;

static int
listen_at (const char *name)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  g_autofree char *path = g_build_filename (directory, name, NULL);
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_strlcpy (address.sun_path, path, sizeof address.sun_path);
  ck_assert_int_eq (bind (fd, (struct sockaddr *)&address, sizeof address), 0);
  ck_assert_int_eq (listen (fd, 1), 0);
  return fd;
}

static void
set_up (void)
{
  int ends[2];

  leaks_begin ();
  messages_begin ();
  directory = g_dir_make_tmp ("vq-ways-XXXXXX", NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (ports); i++)
    listeners[i] = listen_at (ports[i]);
  console = vq_console_new (FALSE, NULL);
  ck_assert_int_eq (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  agent = vq_guest_agent_new (ends[0]);
  agent_end = ends[1];
}

static void
tear_down (void)
{
  g_clear_pointer (&agent, vq_guest_agent_free);
  close (agent_end);
  g_clear_pointer (&console, vq_console_free);
  for (gsize i = 0; i < G_N_ELEMENTS (ports); i++)
    {
      g_autofree char *path = g_build_filename (directory, ports[i], NULL);

      close (listeners[i]);
      g_unlink (path);
    }
  g_rmdir (directory);
  g_clear_pointer (&directory, g_free);
  messages_end ();
  leaks_assert_none ();
}

#define AGENT "qemu-guest-agent: "
#define SHELLS "root shell on hvc1: no answer; root shell on ttyS1: no answer; "
#define LOGIN "login on ttyS0: no prompt; login on hvc0: no prompt"

static const struct
{
  VqChannelChoice channel;
  VqAgentChoice guest_agent;
  const char *ways; /* in the error */
} rows[] = {
  { VQ_CHANNEL_AUTO, VQ_AGENT_AUTO, "(" AGENT "no sign of it; " SHELLS LOGIN ")" },
  { VQ_CHANNEL_HELPER, VQ_AGENT_INSTALL, "(" AGENT "no sign of it; " SHELLS LOGIN ")" },
  { VQ_CHANNEL_AUTO, VQ_AGENT_OFF, "(" SHELLS LOGIN ")" },
  { VQ_CHANNEL_AUTO, VQ_AGENT_REQUIRE, "(" AGENT "no sign of it)" },
  { VQ_CHANNEL_HELPER, VQ_AGENT_REQUIRE, "(" AGENT "no sign of it)" },
};

CASE ("rows", set_up, tear_down, 60)

TEST_LOOP (way_choice, 0, G_N_ELEMENTS (rows))
{
  const VqOptions options = { .channel = rows[_i].channel, .guest_agent = rows[_i].guest_agent };
  const VqPlan plan = { .options = &options, .arch = vq_arch_find_dpkg ("amd64") };
  gboolean off = options.guest_agent == VQ_AGENT_OFF;
  VqSshLogin ssh = { 0 };
  g_autoptr (GError) error = NULL;
  g_autoptr (VqWays) ways = vq_way_choice_new (&plan, directory, console, off ? NULL : agent, &ssh,
                                               vq_deadline_in (60), NULL, &error);

  ck_assert_msg (ways != NULL, "%s", error != NULL ? error->message : "");
  ck_assert_ptr_null (vq_ways_open_one (ways, vq_deadline_in (0.1), NULL, &error));
  ck_assert_msg (strstr (error->message, rows[_i].ways) != NULL, "%s", error->message);
}

TEST (no_port_for_ssh)
{
  const VqOptions options = { .channel = VQ_CHANNEL_SSH };
  const VqPlan plan = { .options = &options, .arch = vq_arch_find_dpkg ("amd64") };
  VqSshLogin ssh = { .user = (char *)"root" };
  g_autoptr (GError) error = NULL;

  ck_assert_ptr_null (
      vq_way_choice_new (&plan, directory, console, NULL, &ssh, vq_deadline_in (60), NULL, &error));
  ck_assert_ptr_nonnull (strstr (error->message, "no port of 127.0.0.1 is free"));
}

TEST (no_socket)
{
  const VqOptions options = { 0 };
  const VqPlan plan = { .options = &options, .arch = vq_arch_find_dpkg ("amd64") };
  VqSshLogin ssh = { 0 };
  g_autoptr (GError) error = NULL;

  ck_assert_ptr_null (vq_way_choice_new (&plan, "/nowhere", console, NULL, &ssh,
                                         vq_deadline_in (60), NULL, &error));
  ck_assert_ptr_nonnull (strstr (error->message, "/nowhere/hvc1"));
}

/* Somebody's socat is attached to a port, and earlier boots have filled its queue. The other ways
 * are still tried. */
TEST (port_in_use)
{
  const VqOptions options = { .guest_agent = VQ_AGENT_OFF };
  const VqPlan plan = { .options = &options, .arch = vq_arch_find_dpkg ("amd64") };
  VqSshLogin ssh = { 0 };
  g_autoptr (GError) error = NULL;
  g_autoptr (VqWays) ways = NULL;

  for (guint i = 0; i < 2; i++)
    close (vq_qemu_port_connect (directory, "hvc1", vq_deadline_in (60), NULL, NULL));
  ways = vq_way_choice_new (&plan, directory, console, NULL, &ssh, vq_deadline_in (60), NULL,
                            &error);
  ck_assert_msg (ways != NULL, "%s", error != NULL ? error->message : "");
  messages_assert_warning ("/hvc1 is in use: end the other program");
  ck_assert_ptr_null (vq_ways_open_one (ways, vq_deadline_in (0.1), NULL, &error));
  ck_assert_ptr_nonnull (strstr (error->message, "(root shell on ttyS1: no answer; " LOGIN ")"));
}
