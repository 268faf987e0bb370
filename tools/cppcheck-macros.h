/* SPDX-License-Identifier: BSD-2-Clause */
/* For cppcheck, which does not read the libraries' headers: loops that are macros there. */
#define cJSON_ArrayForEach(item, array) for (item = (array)->child; item; item = item->next)
#define bpf_object__for_each_program(prog, obj)                                                    \
	while ((prog = bpf_object__next_program(obj, prog)))
