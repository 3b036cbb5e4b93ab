#!/usr/bin/env bash
# Installs FlashAttention from its source package by pip and its own setup.py (PYTORCH_NVCC="nvcache nvcc"), twice, the
# second time in new directories; called by scripts/real.sh flash:
#
#   first     pip install --no-build-isolation flash-attn, an empty cache
#   second    the same again
#
# It fails unless every kernel of the second time is a hit, is the first one's byte for byte, and no program of the toolkit
# or the host compiler was started for it (traced where strace is allowed).  Why something was no hit is in
# build/logs/flash-*.nvcache.
#
# Its 72 kernels take hours on two processors, so the command `ninja` that PyTorch finds builds only those that UNITS
# names; pip then fails where they would be linked, and is not asked.  With UNITS=. all is built, installed and imported, and
# with a GPU compared with PyTorch's own attention.  Nothing of FlashAttention's is changed.
#
#   UNITS          which kernels: an extended regular expression (default: 2 forward kernels)
#   LIMIT          seconds for the first build of the kernels (default: none); those not made by then are left out
#   FLASH_SDIST    its source package (default: flash-attn 2.8.3 from PyPI)
#   FLASH_ATTN_CUDA_ARCHS  as its setup reads it (default 80)
#   TORCH_PYTHON   a python that has PyTorch, pip, setuptools<82, wheel, packaging, psutil and ninja (default: a new
#                  environment)
#   NVCACHE        the program (default: a release build of this tree)
#   MAX_JOBS       as PyTorch reads it (default 1)
set -eu
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/real_lib.sh"

FLASH_VERSION=2.8.3
UNITS=${UNITS:-'flash_fwd_hdim32_(fp16|bf16)_sm80'}
NVCC=$(find_nvcc) || die "no CUDA compiler"
project=flash
place=$BUILD/real/flash
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$place" "$work/packages" "$work/bin"
own_nvcache

# environment: sets $python.
environment() {
    python=${TORCH_PYTHON:-$place/venv/bin/python}
    if [ -z "${TORCH_PYTHON:-}" ] && [ ! -e "$place/venv/complete" ]; then
        say "flash: installing PyTorch from PyPI"
        rm -rf "$place/venv"
        quiet flash-venv python3 -m venv "$place/venv"
        quiet flash-venv "$python" -m pip install -q torch==2.11.0 numpy 'setuptools<82' wheel packaging psutil ninja einops
        touch "$place/venv/complete"
    fi
    "$python" -c 'import torch, packaging, psutil' || die "$python has no PyTorch, packaging or psutil"
}

# The command ninja that PyTorch starts, in the directory of the build: see above.
shim() {
    cat >"$work/bin/ninja" <<'CODE'
#!/usr/bin/env bash
kernels() {
    "$REAL_FLASH_NINJA" -t targets all | sed -n 's/^\(.*\.o\): cuda_compile$/\1/p'
}

[ "$1" != --version ] || exec "$REAL_FLASH_NINJA" --version
chosen=$REAL_FLASH_OUT/chosen
if [ -f "$REAL_FLASH_FIRST/made" ]; then
    kernels | grep -F -f "$REAL_FLASH_FIRST/made" >"$chosen"
else
    kernels | grep -E "$REAL_FLASH_UNITS" >"$chosen"
fi || exit 1
date +%s%3N >"$REAL_FLASH_OUT/begin"
xargs -a "$chosen" timeout -s INT "$REAL_FLASH_LIMIT" $REAL_FLASH_TRACE "$REAL_FLASH_NINJA" -j "$MAX_JOBS" ||
    [ "$REAL_FLASH_LIMIT" != 0 ] || exit 1
date +%s%3N >"$REAL_FLASH_OUT/end"
xargs -a "$chosen" ls 2>/dev/null >"$chosen.made"
xargs -a "$chosen.made" cp -t "$REAL_FLASH_OUT"
xargs -a "$chosen.made" -n 1 basename | sed 's,^,/,' >"$REAL_FLASH_OUT/made"
cmp -s <(sort "$chosen.made") <(kernels | sort) || exit 1
exec "$REAL_FLASH_NINJA" "$@"
CODE
    chmod +x "$work/bin/ninja"
}

# check SITE: does what was installed there compute what PyTorch does?
check() {
    cat >"$work/check.py" <<'CODE'
import torch
import flash_attn_2_cuda
if torch.cuda.is_available():
    from flash_attn import flash_attn_func
    torch.manual_seed(1)
    for dim in 32, 64, 128, 256:
        q, k, v = (torch.randn(2, 257, 4, dim, device="cuda", dtype=torch.bfloat16, requires_grad=True) for _ in range(3))
        ours = flash_attn_func(q, k, v, causal=True)
        want = torch.nn.functional.scaled_dot_product_attention(
            *(x.float().transpose(1, 2) for x in (q, k, v)), is_causal=True)
        assert torch.allclose(ours.float(), want.transpose(1, 2), atol=3e-2), dim
        got = torch.autograd.grad(ours.float().square().sum(), (q, k, v))
        for a, b in zip(got, torch.autograd.grad(want.square().sum(), (q, k, v))):
            assert (a.float() - b.float()).abs().max() < 0.05 * b.float().abs().max(), dim
    print("works, kernels compared")
CODE
    PYTHONPATH=$1:${PYTHONPATH:-} quiet flash-check "$python" "$work/check.py"
}

# install NAME: with everything in new directories.
install() {
    local name=$1 site
    mkdir -p "$work/$name"
    tracer "$name"
    export NVCACHE_LOG=$BUILD/logs/flash-$name.nvcache
    export REAL_FLASH_OUT=$work/$name REAL_FLASH_FIRST=$work/first REAL_FLASH_UNITS=$UNITS REAL_FLASH_TRACE=$tracer
    export REAL_FLASH_NINJA REAL_FLASH_LIMIT=0
    [ "$name" != first ] || REAL_FLASH_LIMIT=${LIMIT:-0}
    REAL_FLASH_NINJA=$(PATH=$(dirname "$python"):$PATH type -P ninja)
    TMPDIR=$(mktemp -d "$work/tmp.XXXXXX")
    site=$TMPDIR/site
    if (
        PATH=$work/bin:$(dirname "$python"):$cuda/bin:/usr/bin:/bin
        export TMPDIR PATH CUDA_HOME=$cuda
        export FLASH_ATTENTION_FORCE_BUILD=TRUE FLASH_ATTN_CUDA_ARCHS=${FLASH_ATTN_CUDA_ARCHS:-80} MAX_JOBS=${MAX_JOBS:-1}
        export PYTORCH_NVCC="$NVCACHE $cuda/bin/nvcc"
        "$python" -m pip --disable-pip-version-check install -v --no-build-isolation --no-deps --no-cache-dir --no-index \
            --find-links "$work/packages" --target "$site" flash-attn >"$BUILD/logs/flash-$name.log" 2>&1 </dev/null
    ); then
        if check "$site"; then say "$name: installed whole, imported"; else fault "$name: what was installed"; fi
    elif [ ! -f "$work/$name/end" ] || [ "$UNITS${LIMIT:-0}" = .0 ]; then
        tail -n 40 "$BUILD/logs/flash-$name.log"
        die "the installation failed"
    fi
    rm -rf "$TMPDIR"
    unset TMPDIR
}

environment
sdist=${FLASH_SDIST:-$place/flash_attn-$FLASH_VERSION.tar.gz}
source_package flash-attn $FLASH_VERSION "$sdist"
cp "$sdist" "$work/packages/"
toolkit
shim
mkdir -p "$BUILD/logs"
export NVCACHE_DIR=$work/cache
say "flash: $(basename "$work"/packages/*.tar.gz .tar.gz), $("$NVCC" --version | sed -n 's/.*release \(.*\), V.*/CUDA \1/p'), sm ${FLASH_ATTN_CUDA_ARCHS:-80}"
first install first
again second install second
"$NVCACHE" stats
exit $failed
