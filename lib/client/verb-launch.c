// SPDX-License-Identifier: GPL-2.0-or-later
#include "client/verb-launch.h"

#include <string.h>

#include "base/arguments.h"
#include "base/error.h"
#include "disk/disk.h"
#include "base/fd.h"
#include "image/image-hold.h"
#include "image/image.h"
#include "image/os-name.h"
#include "instance/instance-host-key.h"
#include "instance/instance-name.h"
#include "instance/instance-place.h"
#include "instance/instance-seed.h"
#include "instance/instance-start.h"
#include "plan/arch.h"
#include "plan/options.h"
#include "pull/pull-image.h"
#include "client/instance-life.h"
#include "client/instance-removal.h"
#include "client/lock-owner.h"
#include "image/distro.h"
#include "verb/verb-output.h"

/* What the command line says. */
typedef struct
{
  gboolean starts; /* launch */
  gboolean help;
  gboolean json; /* print the name in JSON */
  gboolean ephemeral;
  gboolean replace;
  VqInstanceLife life;
  const char *host_key; /* the file with the host key that the guest is to have; NULL: a new one */
  GPtrArray *machine;   /* of const char *: the arguments that describe the machine, and the name */
  VqOptions *options;   /* what these mean */
  char *cached;         /* the path of the image, if its address or its system was given */
  char *architecture;   /* the option for it, if the system's name has told it */
  char *os_type;        /* its distribution and release; NULL: not known */
  char *os_version;
  const VqVerbLaunchLock *lock; /* NULL: it is not locked */
  VqCancel *cancel;             /* NULL: a signal ends this process */
  GBytes *seed;                 /* what cloud-init gets; NULL: nothing */
  int hold;                     /* keeps that until the instance does; -1: not open */
} Launch;

static const char help[]
    = "Usage: virt-qemu %s [OPTION...] IMAGE [NAME] [MACHINE OPTION...]\n"
      "\n"
      "Makes an instance: a machine that stays, with a disk of its own on top of\n"
      "IMAGE, which is not changed. %s\n"
      "Prints the name of the instance.\n"
      "\n"
      "      --ephemeral        it is deleted when it stops\n"
      "      --replace          delete an instance of the same name first, even if it runs\n"
      "      --ssh-host-key=FILE  the guest's host key for ssh (default: a new one)\n"
      "      --format=FORMAT    names or json: {\"name\": NAME} (default: "
      "names)\n" VQ_INSTANCE_LIFE_LEASE_HELP "%s"
      "  -h, --help             show this text and exit\n"
      "\n"
      "All options of autopkgtest-virt-qemu-ng that describe a machine can be given,\n"
      "for example --ram-size=4096 --cpus=2; see autopkgtest-virt-qemu-ng --help.\n";

static void
launch_clear (Launch *launch)
{
  g_clear_pointer (&launch->machine, g_ptr_array_unref);
  g_clear_pointer (&launch->options, vq_options_free);
  g_clear_pointer (&launch->cached, g_free);
  g_clear_pointer (&launch->architecture, g_free);
  g_clear_pointer (&launch->os_type, g_free);
  g_clear_pointer (&launch->os_version, g_free);
  g_clear_pointer (&launch->seed, g_bytes_unref);
  vq_fd_clear (&launch->hold);
  vq_instance_owner_clear (&launch->life.owner);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Launch, launch_clear)

/* Takes ARGUMENT if it is one of our own. */
static gboolean
take_own (Launch *launch, const char *argument)
{
  if (strcmp (argument, "--ephemeral") == 0)
    launch->ephemeral = TRUE;
  else if (strcmp (argument, "--replace") == 0)
    launch->replace = TRUE;
  else if (strcmp (argument, "--help") == 0 || strcmp (argument, "-h") == 0)
    launch->help = TRUE;
  else
    return FALSE;
  return TRUE;
}

/* Options of our own with a value, which may be the next argument. */
static const char *const with_value[]
    = { "lease", "owner-pid", "owner-fd", "format", "ssh-host-key" };

static gboolean
apply_value (Launch *launch, const char *name, const char *value, GError **error)
{
  if (strcmp (name, "ssh-host-key") == 0)
    {
      launch->host_key = value;
      return TRUE;
    }
  if (strcmp (name, "format") != 0)
    return vq_instance_life_take (&launch->life, name, value, error);
  return vq_verb_output_read_format (value, "names", &launch->json, error);
}

static gboolean
take_with_value (Launch *launch, const char *const **arguments, gboolean *taken, GError **error)
{
  *taken = FALSE;
  for (gsize i = 0; !*taken && i < G_N_ELEMENTS (with_value); i++)
    {
      VQ_ERROR_PREFIX (error, "option --%s", with_value[i]);
      const char *value;

      if (!vq_arguments_take_value (with_value[i], arguments, &value, error))
        return FALSE;
      *taken = value != NULL;
      if (*taken && !apply_value (launch, with_value[i], value, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
check_images (const VqOptions *options, GError **error)
{
  if (g_strv_length (options->images) > 2)
    return vq_error_set (error, VQ_ERROR_USAGE, "\"%s\" is one word too many: give IMAGE and NAME",
                         options->images[2]);
  return options->images[1] == NULL || vq_instance_name_check (options->images[1], error);
}

/* What the configuration files say now is how the machine remains. */
static void
add_from_files (Launch *launch)
{
  for (guint i = 0; launch->options->from_files[i] != NULL; i++)
    g_ptr_array_insert (launch->machine, 1 + i, launch->options->from_files[i]);
}

static gboolean
parse (Launch *launch, const char *const *arguments, GError **error)
{
  gboolean taken;

  g_ptr_array_add (launch->machine, (gpointer) "virt-qemu");
  for (; *arguments != NULL; arguments++)
    if (!take_with_value (launch, &arguments, &taken, error))
      return FALSE;
    else if (!taken && !take_own (launch, *arguments))
      g_ptr_array_add (launch->machine, (gpointer)*arguments);
  g_ptr_array_add (launch->machine, NULL);
  if (launch->help)
    return TRUE;
  if (!launch->starts && (launch->life.owner.process_fd >= 0 || launch->life.owner.peer_fd >= 0))
    return vq_error_set (error, VQ_ERROR_USAGE, "what is not started needs no owner");
  switch (vq_options_parse (launch->machine->len - 1, (const char *const *)launch->machine->pdata,
                            &launch->options, error))
    {
    case VQ_OPTIONS_RUN:
      add_from_files (launch);
      return vq_options_check_machine (launch->options, error)
             && check_images (launch->options, error)
             && vq_disk_check_lasting (launch->options->disks, !launch->ephemeral, error);
    case VQ_OPTIONS_ERROR:
      return FALSE;
    default:
      return vq_error_set (error, VQ_ERROR_USAGE, "--version is not for this verb");
    }
}

/* Whether the image can be used at all. One that is to be started finds out by itself, but not
 * before an old one has been removed for its sake. */
static gboolean
check_image (const Launch *launch, GError **error)
{
  const VqOptions *options = launch->options;
  const VqArch *arch = vq_arch_choose (options, error);
  g_autofree char *path
      = arch != NULL ? vq_pull_image_find (options->images[0], arch->dpkg, NULL, error) : NULL;
  g_autoptr (VqImage) image
      = path != NULL ? vq_image_inspect (path, VQ_IMAGE_BOOT,
                                         (const char *const *)options->allowed_backing, error)
                     : NULL;

  if (image == NULL || options->disk_size == 0 || vq_image_grow (image, options->disk_size, error))
    return image != NULL;
  g_prefix_error (error, "option --disk-size: ");
  return FALSE;
}

/* Makes the machine of ARCHITECTURE if the options do not say another one. */
static void
set_architecture (Launch *launch, const char *architecture)
{
  VqOptions *options = launch->options;

  if (architecture == NULL || options->dpkg_architecture != NULL
      || options->qemu_architecture != NULL || options->qemu_command != NULL)
    return;
  options->dpkg_architecture = g_strdup (architecture);
  launch->architecture = g_strconcat ("--dpkg-architecture=", architecture, NULL);
  g_ptr_array_insert (launch->machine, 1, launch->architecture);
}

/* Which system it is, if the image's name says that. */
static gboolean
note_system (Launch *launch, const char *image, const char *architecture, GError **error)
{
  g_autoptr (GPtrArray) releases = NULL;
  g_autoptr (VqOsName) os = NULL;
  const VqDistroRelease *release;

  if (!vq_os_name_matches (image))
    return TRUE;
  releases = vq_distro_list (NULL, NULL, error);
  os = releases != NULL ? vq_os_name_parse (image, releases, architecture, error) : NULL;
  release = os != NULL ? vq_distro_find (releases, os->distro, os->series, error) : NULL;
  if (release == NULL)
    return FALSE;
  launch->os_type = g_strdup (release->distro);
  launch->os_version = g_strdup (release->number != NULL ? release->number : release->series);
  return TRUE;
}

/* An instance stays with the image that its address or its system means now. */
static gboolean
settle_image (Launch *launch, GError **error)
{
  char **image = &launch->options->images[0];
  const VqArch *arch;
  g_autofree char *architecture = NULL;

  if (*image == NULL || !vq_pull_image_is_cached (*image))
    return TRUE;
  architecture = vq_os_name_get_arch (*image);
  arch = vq_arch_choose (launch->options, error);
  if (arch == NULL || !note_system (launch, *image, arch->dpkg, error))
    return FALSE;
  launch->cached = vq_pull_image_find (*image, arch->dpkg, launch->cancel, error);
  if (launch->cached == NULL || !vq_image_hold_take (launch->cached, &launch->hold, error))
    return FALSE;
  for (guint i = 0; i + 1 < launch->machine->len; i++)
    if (strcmp (launch->machine->pdata[i], *image) == 0)
      launch->machine->pdata[i] = launch->cached;
  set_architecture (launch, architecture);
  g_free (*image);
  *image = g_strdup (launch->cached);
  return TRUE;
}

static gboolean
remove_old (VqPrivateDir *place, const char *name, GError **error)
{
  g_autoptr (GError) why = NULL;
  g_autoptr (VqInstance) old = vq_instance_open (place, name, &why);

  if (old == NULL)
    return vq_error_is_missing (why) || (g_propagate_error (error, g_steal_pointer (&why)), FALSE);
  return vq_lock_owner_check_removal (old, error) && vq_instance_removal_force (old, error);
}

static void
note_lock (const VqVerbLaunchLock *lock, VqInstanceRecord *record)
{
  record->locked = record->created;
  vq_instance_record_set_text (&record->owner, lock->owner);
  vq_instance_record_set_text (&record->description,
                               lock->description != NULL ? lock->description : "");
  vq_instance_record_set_text (&record->machine_type, lock->machine_type);
}

/* Transfer full. */
static VqInstanceRecord *
build_record (const Launch *launch)
{
  g_autofree char *directory = g_get_current_dir ();
  VqInstanceRecord *record = vq_instance_record_new (
      launch->options->images[0], directory, (const char *const *)launch->machine->pdata + 1);

  record->ephemeral = launch->ephemeral;
  record->lease = MAX (launch->life.lease, 0);
  if (launch->os_type != NULL)
    {
      vq_instance_record_set_text (&record->os_type, launch->os_type);
      vq_instance_record_set_text (&record->os_version, launch->os_version);
    }
  if (launch->lock != NULL)
    note_lock (launch->lock, record);
  return record;
}

static VqInstance *
make (const Launch *launch, VqPrivateDir *place, GError **error)
{
  const VqOptions *options = launch->options;
  g_autofree char *name
      = options->images[1] != NULL ? g_strdup (options->images[1]) : vq_instance_name_make ();
  g_autoptr (VqInstance) instance = NULL;

  g_strfreev (vq_instance_sweep (place));
  if (((launch->replace || !launch->starts) && !check_image (launch, error))
      || (launch->replace && !remove_old (place, name, error)))
    return NULL;
  instance = vq_instance_create (place, name, build_record (launch), error);
  if (instance == NULL || !vq_instance_seed_keep (instance, launch->seed, error))
    return NULL;
  vq_image_hold_note (options->images[0], vq_private_dir_get_path (vq_instance_get_dir (instance)));
  return g_steal_pointer (&instance);
}

/* Nothing is left of an instance that cannot have the user's key. */
static gboolean
take_host_key (const Launch *launch, VqInstance *instance, GError **error)
{
  g_autoptr (GError) why = NULL;

  if (launch->host_key == NULL
      || vq_instance_host_key_take (vq_instance_get_dir (instance), launch->host_key, error))
    return TRUE;
  if (!vq_instance_remove (instance, &why))
    g_warning ("cannot remove the instance: %s", why->message);
  return FALSE;
}

static void
print_name (const Launch *launch, const char *name)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  if (!launch->json)
    {
      vq_verb_output_text ("%s\n", name);
      return;
    }
  json_builder_begin_object (builder);
  vq_verb_output_add_string (builder, "name", name);
  json_builder_end_object (builder);
  vq_verb_output_json (builder);
}

/* Transfer full. */
static VqInstance *
do_launch (Launch *launch, GError **error)
{
  const VqSlot *slot = launch->lock != NULL ? launch->lock->slot : NULL;
  g_autoptr (VqPrivateDir) place = vq_instance_place_open_state (error);
  g_autoptr (VqInstance) instance = NULL;

  if (place != NULL && settle_image (launch, error)
      && vq_instance_seed_read (&launch->options->seed, &launch->seed, error))
    instance = make (launch, place, error);
  if (instance == NULL || !take_host_key (launch, instance, error)
      || (launch->starts
          && !vq_instance_start (instance, TRUE, &launch->life.owner, slot, launch->cancel, error)))
    return NULL;
  return g_steal_pointer (&instance);
}

gboolean
vq_verb_launch_locked (const char *const *arguments, const VqVerbLaunchLock *lock, VqCancel *cancel,
                       GError **error)
{
  g_auto (Launch) launch = { .starts = TRUE,
                             .machine = g_ptr_array_new (),
                             .life = VQ_INSTANCE_LIFE_NONE,
                             .lock = lock,
                             .cancel = cancel,
                             .hold = -1 };
  g_autoptr (VqInstance) instance
      = parse (&launch, arguments, error) ? do_launch (&launch, error) : NULL;

  return instance != NULL;
}

static VqVerbStatus
run (const char *const *arguments, gboolean starts)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VqInstance) instance = NULL;
  g_auto (Launch) launch = {
    .starts = starts, .machine = g_ptr_array_new (), .life = VQ_INSTANCE_LIFE_NONE, .hold = -1
  };
  const char *name = starts ? "launch" : "create";
  g_autofree char *how = g_strdup_printf ("virt-qemu %s --help", name);
  gboolean json = vq_verb_error_wants_json (arguments);

  if (!parse (&launch, arguments, &error))
    return vq_verb_error_report (error, how, json);
  if (launch.help)
    {
      vq_verb_output_text (
          help, name, starts ? "Starts it, and waits until it is ready." : "It is not started.",
          starts ? VQ_INSTANCE_LIFE_OWNER_HELP : "");
      return VQ_VERB_OK;
    }
  instance = do_launch (&launch, &error);
  if (instance == NULL)
    return vq_verb_error_report (error, how, json);
  print_name (&launch, vq_instance_get_name (instance));
  return VQ_VERB_OK;
}

VqVerbStatus
vq_verb_launch_run (const char *const *arguments)
{
  return run (arguments, TRUE);
}

VqVerbStatus
vq_verb_launch_create (const char *const *arguments)
{
  return run (arguments, FALSE);
}
