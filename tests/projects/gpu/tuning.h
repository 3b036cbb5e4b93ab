#pragma once

/* Numbers that scripts/gpu.sh changes between builds: what a stale object computes is
 * wrong. */
#define DEVICE_TUNE 0 /* in device code */
#define NEWEST_TUNE 0 /* in device code for sm_90 and later only */
#define HOST_TUNE   0 /* in host code */
