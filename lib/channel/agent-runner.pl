#!/usr/bin/perl -w
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs one command in the guest for the agent channel (lib/channel/agent-pipe.h has the frames). It is
# started by guest-exec as "perl RUNNER" with the command's words, each ended by NUL, on stdin.
# perl-base is essential in Debian, so it is there even in the middle of an upgrade. It is started
# for every command: no module is loaded, as POSIX alone takes longer than all the rest.
use strict;

# These numbers are the same on all of Linux' architectures that lib/plan/arch.c knows.
my ($ENOENT, $EINTR, $EAGAIN) = (2, 4, 11);
my ($F_GETFL, $F_SETFL, $F_DUPFD_CLOEXEC, $O_NONBLOCK) = (3, 4, 1030, 2048);
my $WNOHANG = 1;

my $BLOCK = 24576;           # a frame to the host: never more than fits into an empty pipe
my $AFTER_END = 1024 * 1024; # what is still read once the command has ended
my $LONELY = 60;             # seconds that the host may take to come
my $agent = getppid();
my ($DOOR_OUT, $DOOR_IN) = (100, 101); # where the agent looks for the pipes: /proc/PID/fd/N
my ($to_host, $from_host, @doors, $chld_r, $chld_w);
my ($pid, $status);
my ($host_is_there, $lonely, $input, $unwritten) = (0, 0, '', '');
my $stdin;  # of the command, our end; undef: closed
my %stream; # 'o' and 'e': the command's stdout and stderr

sub frame {
    my ($type, $payload) = @_;
    my $bytes = sprintf('%s%07d', $type, length $payload) . $payload;
    my $n = syswrite($to_host, $bytes);
    give_up() if !defined $n || $n != length $bytes;
}

# The host has gone, or it never came.
sub give_up {
    kill_command();
    exit 1;
}

# The process is no group's leader yet if it has only just been made.
sub kill_command {
    return if !defined $pid || defined $status;
    kill('KILL', -$pid) || kill('KILL', $pid);
}

sub unblocked {
    my $fh = shift;
    fcntl($fh, $F_SETFL, fcntl($fh, $F_GETFL, 0) | $O_NONBLOCK);
}

# The far ends stay open until the agent has opened them, too: so nothing blocks, and nothing ends.
sub open_pipes {
    pipe(my $out, $to_host) && pipe($from_host, my $in) or exit 1;
    my $door_out = fcntl($out, $F_DUPFD_CLOEXEC, $DOOR_OUT);
    my $door_in = fcntl($in, $F_DUPFD_CLOEXEC, $DOOR_IN);
    exit 1 if !$door_out || $door_out != $DOOR_OUT || !$door_in || $door_in != $DOOR_IN;
    open($doors[0], '<&=', $DOOR_OUT) && open($doors[1], '>&=', $DOOR_IN) or exit 1;
}

# What a root shell that init has started would have.
sub clean_environment {
    my %keep = map { $_ => $ENV{$_} } grep { /^(LANG|LANGUAGE|LC_\w+)$/ } keys %ENV;
    %ENV = (
        %keep,
        PATH => '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
        HOME => (getpwuid(0))[7] || '/root',
        USER => 'root', LOGNAME => 'root', SHELL => '/bin/sh',
    );
}

sub become {
    my ($in, $out, $err, @argv) = @_;
    setpgrp(0, 0);
    open(STDIN, '<&', $in) && open(STDOUT, '>&', $out) && open(STDERR, '>&', $err) or exit 126;
    clean_environment();
    umask 022;
    chdir '/';
    $SIG{$_} = 'DEFAULT' for grep { !/^(KILL|STOP|NUM\d+|RT.*|__.*)$/ } keys %SIG;
    { local $^W = 0; exec { $argv[0] } @argv; }
    my $code = $! == $ENOENT ? 127 : 126;
    syswrite(STDERR, "cannot run $argv[0]: $!\n");
    exit $code;
}

sub start {
    my @argv = @_;
    pipe(my $in_r, $stdin) && pipe(my $out_r, my $out_w) && pipe(my $err_r, my $err_w) or exit 1;
    pipe($chld_r, $chld_w) or exit 1;
    unblocked($_) for $stdin, $out_r, $err_r, $chld_r, $chld_w;
    $SIG{CHLD} = sub { syswrite($chld_w, 'c') };
    $SIG{PIPE} = 'IGNORE';
    $pid = fork();
    defined $pid or exit 1;
    become($in_r, $out_w, $err_w, @argv) if !$pid;
    $stream{o} = { fh => $out_r, left => $AFTER_END };
    $stream{e} = { fh => $err_r, left => $AFTER_END };
}

# One block of a stream to the host, which acknowledges it when it is delivered.
sub forward {
    my ($type) = @_;
    my $s = $stream{$type};
    my $n = sysread($s->{fh}, my $bytes, $BLOCK);
    if (!defined $n) {
        $s->{done} = 1 if defined $status || ($! != $EAGAIN && $! != $EINTR);
    } elsif ($n == 0) {
        $s->{done} = 1;
    } else {
        $s->{left} -= $n if defined $status;
        $s->{done} = 1 if $s->{left} <= 0;
        $s->{waiting} = 1;
        frame($type, $bytes);
    }
}

# Nobody reads this stream any more: the command gets SIGPIPE, as from any pipe.
sub shut {
    my $s = $stream{shift()};
    $s->{waiting} = 0;
    $s->{done} = 1;
    close $s->{fh};
}

sub feed {
    my $n = syswrite($stdin, $unwritten);
    return if !defined $n && ($! == $EAGAIN || $! == $EINTR);
    if (!defined $n) { # the command reads no more
        $unwritten = '';
        undef $stdin;
        return;
    }
    substr($unwritten, 0, $n, '');
    frame('r', '') if $unwritten eq '';
}

sub handle {
    my ($type, $payload) = @_;
    if ($type eq 'h') {
        $host_is_there = 1;
        @doors = (); # the agent's own descriptors now tell whether it is there
    } elsif ($type eq 'A') {
        $stream{o}{waiting} = 0;
    } elsif ($type eq 'B') {
        $stream{e}{waiting} = 0;
    } elsif ($type eq 'a') {
        shut('o');
    } elsif ($type eq 'b') {
        shut('e');
    } elsif ($type eq 'k') {
        kill_command();
    } elsif ($type eq 'i' && $stdin) {
        if ($payload eq '') { undef $stdin } else { $unwritten .= $payload }
    }
}

sub listen_to_host {
    my $n = sysread($from_host, $input, 65536, length $input);
    return if !defined $n && ($! == $EAGAIN || $! == $EINTR);
    give_up() if !$n;
    while (length $input >= 8) {
        my $size = substr($input, 1, 7);
        last if length $input < 8 + $size;
        my $type = substr($input, 0, 1);
        my $payload = substr($input, 8, $size);
        substr($input, 0, 8 + $size, '');
        handle($type, $payload);
    }
}

sub reap {
    sysread($chld_r, my $bytes, 64);
    $status = $? if !defined $status && waitpid($pid, $WNOHANG) == $pid;
}

sub open_streams {
    return grep { !$stream{$_}{done} && !$stream{$_}{waiting} } qw(o e);
}

sub is_in {
    my ($set, $fh) = @_;
    return vec($set, fileno($fh), 1);
}

# Waits for something to happen and gives the sets of what is readable and writable.
sub wait_for_events {
    my ($r, $w) = ('', '');
    vec($r, fileno($_), 1) = 1 for $from_host, $chld_r, map { $stream{$_}{fh} } open_streams();
    vec($w, fileno($stdin), 1) = 1 if $stdin && $unwritten ne '';
    # Once the command has ended, what its streams hold now is all there is. Before that, perl may
    # catch the child's signal right before select sleeps, so look at it now and then anyway.
    my $patience = defined $status && open_streams() ? 0 : defined $status && $host_is_there ? undef : 1;
    my $n = select($r, $w, undef, $patience);
    return ('', '') if $n < 0;
    give_up() if $n == 0 && !$host_is_there && (++$lonely > $LONELY || getppid() != $agent);
    return ($r, $w);
}

sub serve {
    my ($r, $w) = wait_for_events();
    listen_to_host() if is_in($r, $from_host);
    reap();
    feed() if $stdin && $unwritten ne '' && is_in($w, $stdin);
    for my $type (open_streams()) {
        forward($type) if defined $status || is_in($r, $stream{$type}{fh});
    }
}

sub is_over {
    return defined $status && $host_is_there && !grep { !$_->{done} || $_->{waiting} } values %stream;
}

my @argv = do { local $/; binmode STDIN; my $all = <STDIN>; split /\0/, defined $all ? $all : '', -1 };
pop @argv;
exit 1 if !@argv;
open_pipes();
start(@argv);
frame('r', '');
serve() until is_over();
frame('x', ($status & 127) ? 'S' . ($status & 127) : 'E' . ($status >> 8));
