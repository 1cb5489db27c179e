#!/bin/sh
# enter.sh ROOT SITE CHECKOUT DESK PROGRAM...: a program of ours inside the root, as this process.
# To be run by `unshare --mount`: what is mounted here is seen here only and needs no undoing.
set -e
root=$1 site=$2 checkout=$3 desk=$4
shift 4
mount --bind "$site" "$root/opt"
mount --bind "$checkout" "$root/srv"
mount -o remount,bind,ro "$root/srv"
mount --bind "$desk" "$root/mnt"
mount --bind /proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs none "$root/tmp"
# libcamera 0.4's virtual pipeline leaves the status of a frame unwritten, and Picamera2 passes over
# frames whose status isn't 0: new memory is filled with zeros (255 is the complement).
exec chroot "$root" /usr/bin/env -i PATH=/usr/bin HOME=/tmp PYTHONPATH=/opt:/srv \
    GLIBC_TUNABLES=glibc.malloc.tcache_count=0:glibc.malloc.perturb=255 \
    LIBCAMERA_LOG_LEVELS='*:FATAL' PYTHONUNBUFFERED=1 "$@"
