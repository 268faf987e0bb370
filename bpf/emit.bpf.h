/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Writing events: the only code that touches the ring buffer and the seen-map. */
#pragma once

/* One step of two independent multiplicative hashes; the seeds are secret (see wire_config). */
static __always_inline void hash_add(struct key128 *h, __u64 w)
{
	h->a = (h->a ^ w) * 0x9fb21c651e98df25ull;
	h->a ^= h->a >> 32;
	h->b = (h->b + w) * 0xd6e8feb86659fd93ull;
	h->b ^= h->b >> 29;
}

static __always_inline void hash_begin(struct key128 *h, __u32 type, __u64 program)
{
	h->a = settings.seed[0];
	h->b = settings.seed[1];
	hash_add(h, program);
	hash_add(h, type);
}

/* A look-up's string, @len bytes, zero up to the next multiple of eight. Verified once, alone. */
__noinline int hash_string(__u32 len)
{
	struct scratch *s = get_scratch();
	struct key128 h;

	if (!s)
		return 0;
	h = s->hash;
	for (__u32 i = 0; i < WIRE_STRING_MAX; i += 8) {
		if (i >= len)
			break;
		hash_add(&h, *(__u64 *)(s->bytes + sizeof(s->access) + i));
	}
	hash_add(&h, len);
	s->hash = h;
	return 0;
}

static __always_inline bool was_seen(struct scratch *s)
{
	struct key128 key = s->hash;

	return bpf_map_lookup_elem(&seen, &key) != NULL;
}

static __always_inline void fill_header(struct scratch *s, __u32 type, __u64 program, __u32 flags)
{
	s->h.type = type;
	s->h.target = s->me.target;
	s->h.pid = bpf_get_current_pid_tgid() >> 32;
	s->h.program = program;
	s->h.ns = bpf_ktime_get_boot_ns();
	s->h.flags = flags;
	s->h.string_len = 0;
	s->h.walk_len = 0;
}

static __always_inline void fill_access(struct scratch *s, __u32 kinds, __u32 error)
{
	s->access.kinds = kinds;
	s->access.error = error;
	s->access.call = s->call;
}

/*
 * Waking the reader costs more than writing an event: it is woken for what somebody may be waiting
 * for, and when a good part has gathered. For the rest it comes by itself (see trace.c).
 */
static __always_inline __u64 wake_flags(__u32 type)
{
	if (type == WIRE_SOCKET || type == WIRE_END)
		return BPF_RB_FORCE_WAKEUP;
	if (bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA) <
	    bpf_ringbuf_query(&events, BPF_RB_RING_SIZE) / 8)
		return BPF_RB_NO_WAKEUP;
	return BPF_RB_FORCE_WAKEUP;
}

/* Writes the scratch's first @len bytes; false when there was no room, which is counted. */
static __always_inline bool output(struct scratch *s, __u32 len)
{
	OPAQUE(len);
	if (len == 0 || len > EVENT_BYTES)
		return false;
	if (bpf_ringbuf_output(&events, s->bytes, len, wake_flags(s->h.type))) {
		count_loss(WIRE_RING_FULL);
		return false;
	}
	__sync_fetch_and_add(&written, 1);
	return true;
}

/* Noted only after it was written: what found no room is written the next time it happens. */
static __always_inline void output_once(struct scratch *s, __u32 len)
{
	struct key128 key = s->hash;
	__u32 target = s->me.target;

	if (output(s, len))
		bpf_map_update_elem(&seen, &key, &target, BPF_ANY);
}
