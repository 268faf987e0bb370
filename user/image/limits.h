/* SPDX-License-Identifier: BSD-2-Clause */
/* Bounds on what an image may make us hold. Far above real images, far below harm. */
#ifndef IMAGE_LIMITS_H
#define IMAGE_LIMITS_H

#define IMAGE_MAX_CONFIG (16u << 20)  /* bytes of configuration, and of any manifest */
#define IMAGE_MAX_VALUES (256u << 10) /* in the JSON of one of these */
#define IMAGE_MAX_LAYERS 512
#define IMAGE_MAX_MEMBERS 100000u	  /* of an archive, around and with its layers */
#define IMAGE_MAX_ENTRIES (2u << 20)	  /* of all layers, hidden ones too */
#define IMAGE_MAX_METADATA (256ull << 20) /* bytes of names, link targets and attributes */
#define IMAGE_MAX_FILE (1ll << 44)	  /* bytes, with holes: as much as ext4 takes */
#define IMAGE_MAX_DEPTH 1024		  /* directories above an entry; PATH_MAX allows 2,048 */
#define IMAGE_MAX_NAME 255		  /* NAME_MAX */
#define IMAGE_MAX_PATH 4095		  /* PATH_MAX without its NUL; of link targets, too */
#define IMAGE_MAX_LINKS 40		  /* the kernel's MAXSYMLINKS */
#define IMAGE_MAX_XATTRS 256		  /* of one entry */
#define IMAGE_MAX_XATTR_BYTES 65536u	  /* XATTR_SIZE_MAX and XATTR_LIST_MAX */
#define IMAGE_MAX_UNPACKED (1ull << 40)	  /* bytes of all compressed layers, unpacked */
#define IMAGE_MAX_EXTENSION (1u << 20)	  /* bytes of a pax or GNU header before an entry */

#endif
