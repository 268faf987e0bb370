/* SPDX-License-Identifier: BSD-2-Clause */
/* Bounds on what an image may make us hold. Far above real images, far below harm. */
#ifndef IMAGE_LIMITS_H
#define IMAGE_LIMITS_H

#define IMAGE_MAX_CONFIG (16u << 20) /* bytes of configuration, and of any manifest */
#define IMAGE_MAX_LAYERS 512
#define IMAGE_MAX_ENTRIES (8u << 20)
#define IMAGE_MAX_DEPTH 1024 /* directories above an entry; PATH_MAX allows 2,048 */
#define IMAGE_MAX_NAME 255
#define IMAGE_MAX_TARGET 4095
#define IMAGE_MAX_XATTRS 256
#define IMAGE_MAX_XATTR_BYTES (64u << 10) /* XATTR_SIZE_MAX */
#define IMAGE_MAX_UNPACKED (1ull << 40)	  /* bytes of one compressed layer, unpacked */

#endif
