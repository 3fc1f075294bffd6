// SPDX-License-Identifier: GPL-2.0-or-later
/* virt-qemu template build: makes the template from which testbeds and instances with the same
 * options are forked. */
#pragma once

#include <glib.h>

/* ARGUMENTS (with NULL at the end) are the images and the options that describe the machine, as for
 * the server; with --help, prints the help. Prints the name of the template, which may have been
 * there before. Waits for a boot and all that is done before a template is saved, as long as the
 * options allow; a signal that ends the program ends that. */
gboolean vq_template_maker_run (const char *const *arguments, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
