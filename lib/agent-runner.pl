#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs one command in the guest for the agent channel (lib/agent-pipe.h has the frames). It is
# started by guest-exec as "perl RUNNER BASE" with the command's words, each ended by NUL, on
# stdin. perl-base is essential in Debian, so it is there even in the middle of an upgrade.
use strict;
use warnings;
use Errno qw(EINTR EAGAIN ENOENT);
use Fcntl qw(F_GETFL F_SETFL O_NONBLOCK O_RDWR);
use POSIX ();

my $BLOCK = 16384;           # a frame to the host: never more than fits into an empty pipe
my $AFTER_END = 1024 * 1024; # what is still read once the command has ended
my $base = shift;
my ($to_host, $from_host, $chld_r, $chld_w);
my ($pid, $status);
my ($host_is_there, $input, $unwritten) = (0, '', '');
my %stream; # 'o' and 'e': the command's stdout and stderr

sub frame {
    my ($type, $payload) = @_;
    my $bytes = sprintf('%s%07d', $type, length $payload) . $payload;
    syswrite($to_host, $bytes) == length $bytes or exit 1;
}

sub unblocked {
    my $fh = shift;
    fcntl($fh, F_SETFL, fcntl($fh, F_GETFL, 0) | O_NONBLOCK);
}

sub open_pipes {
    umask 077;
    for my $name ("$base.out", "$base.in") {
        POSIX::mkfifo($name, 0600) or exit 1;
    }
    # Opened for both directions, a pipe never blocks in open and never ends.
    sysopen($from_host, "$base.in", O_RDWR) or exit 1;
    sysopen($to_host, "$base.out", O_RDWR) or exit 1;
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
    my @argv = @_;
    POSIX::setsid();
    clean_environment();
    umask 022;
    chdir '/';
    $SIG{$_} = 'DEFAULT' for grep { !/^(KILL|STOP|NUM\d+|RT.*)$/ && $_ ne '__WARN__' && $_ ne '__DIE__' } keys %SIG;
    POSIX::sigprocmask(POSIX::SIG_SETMASK(), POSIX::SigSet->new());
    { no warnings; exec { $argv[0] } @argv; }
    my $code = $! == ENOENT ? 127 : 126;
    syswrite(STDERR, "cannot run $argv[0]: $!\n");
    POSIX::_exit($code);
}

sub start {
    my @argv = @_;
    pipe(my $in_r, my $in_w) && pipe(my $out_r, my $out_w) && pipe(my $err_r, my $err_w) or exit 1;
    pipe($chld_r, $chld_w) or exit 1;
    unblocked($_) for $in_w, $out_r, $err_r, $chld_r, $chld_w;
    $SIG{CHLD} = sub { syswrite($chld_w, 'c') };
    $SIG{PIPE} = 'IGNORE';
    $pid = fork();
    defined $pid or exit 1;
    if (!$pid) {
        POSIX::dup2(fileno($in_r), 0);
        POSIX::dup2(fileno($out_w), 1);
        POSIX::dup2(fileno($err_w), 2);
        become(@argv);
    }
    close $_ for $in_r, $out_w, $err_w;
    $stream{i} = $in_w;
    $stream{o} = { fh => $out_r, left => $AFTER_END };
    $stream{e} = { fh => $err_r, left => $AFTER_END };
}

# One block of a stream to the host, which acknowledges it when it is delivered.
sub forward {
    my ($type) = @_;
    my $s = $stream{$type};
    my $n = sysread($s->{fh}, my $bytes, $BLOCK);
    if (!defined $n) {
        $s->{done} = 1 if defined $status || ($! != EAGAIN && $! != EINTR);
    } elsif ($n == 0) {
        $s->{done} = 1;
    } else {
        $s->{left} -= $n if defined $status;
        $s->{done} = 1 if $s->{left} <= 0;
        $s->{waiting} = 1;
        frame($type, $bytes);
    }
}

sub feed {
    my $n = syswrite($stream{i}, $unwritten);
    return if !defined $n && ($! == EAGAIN || $! == EINTR);
    if (!defined $n) { # the command reads no more
        $unwritten = '';
        close delete $stream{i};
        return;
    }
    substr($unwritten, 0, $n, '');
    frame('r', '') if $unwritten eq '';
}

sub handle {
    my ($type, $payload) = @_;
    if ($type eq 'h') {
        $host_is_there = 1;
        unlink "$base.out", "$base.in";
    } elsif ($type eq 'A') {
        $stream{o}{waiting} = 0;
    } elsif ($type eq 'B') {
        $stream{e}{waiting} = 0;
    } elsif ($type eq 'k') {
        kill 'KILL', -$pid if !defined $status;
    } elsif ($type eq 'i' && $stream{i}) {
        if ($payload eq '') { close delete $stream{i} } else { $unwritten .= $payload }
    }
}

sub listen_to_host {
    sysread($from_host, $input, 65536, length $input) or return;
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
    $status = $? if !defined $status && waitpid($pid, POSIX::WNOHANG()) == $pid;
}

sub serve {
    my ($r, $w) = ('', '');
    vec($r, fileno($from_host), 1) = 1;
    vec($r, fileno($chld_r), 1) = 1;
    for my $s (@stream{qw(o e)}) {
        vec($r, fileno($s->{fh}), 1) = 1 if !$s->{done} && !$s->{waiting};
    }
    vec($w, fileno($stream{i}), 1) = 1 if $stream{i} && $unwritten ne '';
    # Once the command has ended, what its streams hold now is all there is.
    my $ended = defined $status && grep { !$_->{done} && !$_->{waiting} } @stream{qw(o e)};
    my $patience = $ended ? 0 : $host_is_there ? undef : 60;
    my $n = select($r, $w, undef, $patience);
    return if $n < 0;
    if ($n == 0 && !$host_is_there && !$ended) { # nobody came for us
        kill 'KILL', -$pid if !defined $status;
        unlink "$base.out", "$base.in";
        exit 1;
    }
    listen_to_host() if vec($r, fileno($from_host), 1);
    reap() if vec($r, fileno($chld_r), 1);
    feed() if $stream{i} && $unwritten ne '' && vec($w, fileno($stream{i}), 1);
    for my $type (qw(o e)) {
        my $s = $stream{$type};
        next if $s->{done} || $s->{waiting};
        forward($type) if defined $status || vec($r, fileno($s->{fh}), 1);
    }
}

my @argv = do { local $/; binmode STDIN; my $all = <STDIN>; split /\0/, defined $all ? $all : '', -1 };
pop @argv;
exit 1 if !@argv;
open_pipes();
start(@argv);
frame('r', '');
serve() until defined $status && $host_is_there && !grep { !$_->{done} || $_->{waiting} } @stream{qw(o e)};
frame('x', ($status & 127) ? 'S' . ($status & 127) : 'E' . ($status >> 8));
