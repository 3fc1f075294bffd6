// SPDX-License-Identifier: GPL-2.0-or-later
/* Machines whose image is the address of one: it is fetched into a cache of its own. */
#include <check.h>

#include "suite.h"
#include "user-script.h"

/* A web server for the directory of the test, whose address is then in $url; its process is
 * $server. */
#define SERVE                                                                                      \
  "mkdir -p http; ln -sf ../image.qcow2 http; mkfifo said; "                                       \
  "python3 -u -m http.server --bind 127.0.0.1 --directory http 0 >said 2>requests & server=$!; "   \
  "trap 'kill $server; rm -f said' EXIT; exec 3<said; read -r line <&3; "                          \
  "url=http://127.0.0.1:$(expr \"$line\" : '.* port \\([0-9]*\\) ')/image.qcow2; "                 \
  "echo $url >url; "                                                                               \
  "export XDG_CACHE_HOME=$PWD/cache; "

#define GETS "grep -c 'GET /image.qcow2 .* 200' requests; "

void
suite_finish (void)
{
  user_script_finish ();
}

CASE ("image_url", user_script_setup, NULL, 0)

/* The second time only the server is asked, and the third time there is none. */
TEST (test_opens_a_machine)
{
  user_script_expect (
      SERVE "virt-qemu launch --ephemeral $url web --ram-size=1024 >launched 2>&1 || cat launched; "
            "virt-qemu exec web -- echo hello; virt-qemu stop web; " GETS
            "printf 'open\\nquit\\n' | autopkgtest-virt-qemu-ng --ram-size=1024 $url 2>/dev/null | "
            "sed 's/ .*//'; " GETS,
      "hello\n1\nok\nok\nok\n1");
  user_script_expect (
      "export XDG_CACHE_HOME=$PWD/cache; "
      "virt-qemu launch --ephemeral $(cat url) again --ram-size=1024 >launched 2>&1 || cat "
      "launched; "
      "grep -c 'was fetched before is used' launched; virt-qemu exec again -- echo hello; "
      "virt-qemu stop again",
      "1\nhello");
}
