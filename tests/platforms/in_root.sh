#!/bin/sh
# Runs a command with a folder as its root, and whatever that starts ends with it.
#
#     unshare --mount --pid --fork --kill-child sh in_root.sh ROOT PROJECT PROGRAMS COMMAND…
#
# In there the project is /project, and the folder PROGRAMS is /programs.
set -e
root=$1 project=$2 programs=$3
shift 3
cd "$root"
mkdir -p dev proc sys tmp project programs
mount -t proc proc proc
mount --rbind /dev dev
mount --rbind /sys sys
mount -t tmpfs tmp tmp
mount --bind "$project" project
mount --bind "$programs" programs
PATH=/usr/sbin:/usr/bin:/sbin:/bin
exec chroot . "$@"
