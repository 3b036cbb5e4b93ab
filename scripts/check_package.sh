#!/usr/bin/env bash
# `cmake --install` and both packages hold what a distribution expects where it expects it, and
# the packed program runs with nothing of the build tree in reach.
set -eu
. "$(dirname "$0")/lib.sh"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
build=$BUILD/release
cmake --preset release -S "$ROOT" -B "$build" -DCMAKE_INSTALL_PREFIX=/usr >/dev/null
cmake --build "$build" -j "$(jobs_count)" >/dev/null

expected='usr/bin/nvcache
usr/share/bash-completion/completions/nvcache
usr/share/doc/nvcache/CHANGELOG.md
usr/share/doc/nvcache/LICENSE
usr/share/doc/nvcache/README.md
usr/share/doc/nvcache/stats-json.md
usr/share/fish/vendor_completions.d/nvcache.fish
usr/share/man/man1/nvcache.1
usr/share/zsh/vendor-completions/_nvcache'

# check WHAT DIRECTORY: the files of an installation, and its program.
check() {
    local found
    found=$(cd "$2" && find . -type f | sed 's,^\./,,' | sort)
    [ "$found" = "$expected" ] || die "$1 holds something else: $(diff <(echo "$expected") <(echo "$found") | grep '^[<>]')"
    [ "$(stat -c %a "$2/usr/bin/nvcache")" = 755 ] || die "$1: the program's mode is wrong"
    (cd / && env -i HOME="$work" PATH=/usr/bin:/bin NVCACHE_DIR="$work/cache" "$2/usr/bin/nvcache" --version) | grep -q '^nvcache ' ||
        die "$1: the program does not run"
    say "package: $1 ok"
}

DESTDIR=$work/installed cmake --install "$build" >/dev/null
check "the installation" "$work/installed"

(cd "$work" && cpack --config "$build/CPackConfig.cmake" -B "$work/packages" >"$work/cpack.log" 2>&1) ||
    { cat "$work/cpack.log"; die "cpack failed"; }
mkdir "$work/tar" "$work/deb"
tar -xzf "$work"/packages/*.tar.gz -C "$work/tar" --strip-components=1
[ -d "$work/tar/usr" ] || { mkdir "$work/tar.usr" && mv "$work/tar" "$work/tar.usr/usr" && mv "$work/tar.usr" "$work/tar"; }
check "the .tar.gz" "$work/tar"
if have dpkg-deb; then
    dpkg-deb -x "$work"/packages/*.deb "$work/deb"
    check "the .deb" "$work/deb"
    dpkg-deb -f "$work"/packages/*.deb Package Version Architecture Depends Section
    if file "$build/nvcache" 2>/dev/null | grep -q 'statically linked'; then
        [ -z "$(dpkg-deb -f "$work"/packages/*.deb Depends)" ] || die "a static program needs no packages"
    fi
else
    say "package: no dpkg-deb here, the .deb was not looked into"
fi
have mandoc && mandoc -T lint -W error "$ROOT/docs/nvcache.1"
! have groff || [ -z "$(groff -man -ww -Tutf8 "$ROOT/docs/nvcache.1" 2>&1 >/dev/null)" ] || die "the man page has errors"
bash -n "$ROOT/docs/completions/nvcache.bash"
ls -l "$work"/packages/*.deb "$work"/packages/*.tar.gz
