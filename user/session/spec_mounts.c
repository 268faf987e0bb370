/* SPDX-License-Identifier: BSD-2-Clause */
/* Mounts in docker run's two forms: "SOURCE:PATH[:OPTIONS]" (-v) and "type=...,target=..."
 * (--mount). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "session/spec.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/text.h"

#define OPTION "--mount"

/* A relative host directory counts from here; a name without a slash is a volume's. */
static char *real_source(const char *source)
{
	char *real = *source == '.' ? realpath(source, NULL) : NULL;

	return real ? real : xstrdup(source);
}

/* -v: with one part it is an anonymous volume, removed with the container. */
static int add_volume(cJSON *body, cJSON *host, const char *mount, struct err *err)
{
	size_t len = strcspn(mount, ":");
	_cleanup_free_ char *first = xstrndup(mount, len), *source = real_source(first),
			    *bind = NULL;

	if (!len)
		return spec_wrong(err, OPTION, mount, "it names no source");
	if (!mount[len]) {
		if (*mount != '/')
			return spec_wrong(err, OPTION, mount,
					  "a path in the container is absolute");
		json_add(spec_object(body, "Volumes"), mount, json_object());
		return 0;
	}
	bind = xasprintf("%s%s", source, mount + len);
	json_append(spec_array(host, "Binds"), cJSON_CreateString(bind));
	return 0;
}

static const struct {
	const char *name, *path; /* the member of Mount that it sets, or of what is in it */
	enum { TEXT, TRUTH, SIZE, MODE, PAIR } type;
} keys[] = {
	{ "type", "Type", TEXT },
	{ "source", "Source", TEXT },
	{ "src", "Source", TEXT },
	{ "target", "Target", TEXT },
	{ "dst", "Target", TEXT },
	{ "destination", "Target", TEXT },
	{ "consistency", "Consistency", TEXT },
	{ "readonly", "ReadOnly", TRUTH },
	{ "ro", "ReadOnly", TRUTH },
	{ "bind-propagation", "BindOptions.Propagation", TEXT },
	{ "bind-nonrecursive", "BindOptions.NonRecursive", TRUTH },
	{ "volume-nocopy", "VolumeOptions.NoCopy", TRUTH },
	{ "volume-label", "VolumeOptions.Labels", PAIR },
	{ "volume-driver", "VolumeOptions.DriverConfig.Name", TEXT },
	{ "volume-opt", "VolumeOptions.DriverConfig.Options", PAIR },
	{ "tmpfs-size", "TmpfsOptions.SizeBytes", SIZE },
	{ "tmpfs-mode", "TmpfsOptions.Mode", MODE },
};

static int find_key(const char *name, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (!strncmp(keys[i].name, name, len) && !keys[i].name[len])
			return (int)i;
	return -1;
}

/* The object that holds the last member of @path, and that member's name. */
static cJSON *descend(cJSON *obj, const char *path, const char **ret_last)
{
	const char *dot;

	while ((dot = strchr(path, '.'))) {
		_cleanup_free_ char *key = xstrndup(path, (size_t)(dot - path));

		obj = spec_object(obj, key);
		path = dot + 1;
	}
	*ret_last = path;
	return obj;
}

static int parse_size(const char *text, double *ret)
{
	static const char units[] = "bkmgt";
	char *end;
	double n = strtod(text, &end);
	const char *unit = *end ? strchr(units, *end | 0x20) : units;

	if (end == text || n < 0 || !unit || (*end && end[1] && strcasecmp(end + 1, "b") != 0))
		return -EINVAL;
	for (; unit > units; unit--)
		n *= 1024;
	*ret = n;
	return 0;
}

static int set_pair(cJSON *obj, const char *last, const char *value)
{
	size_t len = strcspn(value, "=");
	_cleanup_free_ char *key = xstrndup(value, len);

	spec_set(spec_object(obj, last), key,
		 cJSON_CreateString(value[len] ? value + len + 1 : ""));
	return 0;
}

static int set_truth(cJSON *obj, const char *last, const char *value)
{
	bool yes = !*value || !strcmp(value, "true") || !strcmp(value, "1");

	if (!yes && strcmp(value, "false") != 0 && strcmp(value, "0") != 0)
		return -EINVAL;
	spec_set(obj, last, cJSON_CreateBool(yes));
	return 0;
}

static int set_key(cJSON *obj, int key, const char *value)
{
	_cleanup_free_ char *source = NULL;
	const char *last;
	double size = 0;
	char *end;

	obj = descend(obj, keys[key].path, &last);
	switch (keys[key].type) {
	case PAIR:
		return set_pair(obj, last, value);
	case TRUTH:
		return set_truth(obj, last, value);
	case SIZE:
		if (parse_size(value, &size) < 0)
			return -EINVAL;
		spec_set(obj, last, cJSON_CreateNumber(size));
		return 0;
	case MODE:
		size = (double)strtoul(value, &end, 8);
		if (end == value || *end)
			return -EINVAL;
		spec_set(obj, last, cJSON_CreateNumber(size));
		return 0;
	case TEXT:
		source = real_source(value);
		spec_set(obj, last, cJSON_CreateString(source));
		return 0;
	}
	return 0;
}

/* docker run --mount. A volume is the default type. */
static int add_mount(cJSON *host, const char *mount, struct err *err)
{
	_cleanup_strvec_ struct strvec fields = STRVEC_INIT;
	_cleanup_(json_free) cJSON *obj = json_object();

	if (spec_split_csv(mount, &fields, err) < 0)
		return err_wrap(err, OPTION " '%s'", mount);
	json_add_str(obj, "Type", "volume");
	for (size_t i = 0; i < fields.n; i++) {
		const char *field = fields.v[i];
		size_t len = strcspn(field, "=");
		int key = find_key(field, len);

		if (key < 0 || (!field[len] && keys[key].type != TRUTH))
			return err_class_set(err, ERR_USAGE, EINVAL,
					     OPTION " '%s': '%s' is not understood", mount, field);
		if (set_key(obj, key, field[len] ? field + len + 1 : "") < 0)
			return err_class_set(err, ERR_USAGE, EINVAL,
					     OPTION " '%s': '%s' has no such value", mount, field);
	}
	if (!*json_str(obj, "Target", ""))
		return spec_wrong(err, OPTION, mount, "it names no target");
	json_append(spec_array(host, "Mounts"), TAKE_PTR(obj));
	return 0;
}

int spec_mounts(cJSON *body, cJSON *host, const struct strvec *mounts, struct err *err)
{
	int r = 0;

	for (size_t i = 0; !r && i < mounts->n; i++) {
		const char *mount = mounts->v[i];
		size_t len = strcspn(mount, "=,:");

		r = mount[len] != ':' && mount[len] && find_key(mount, len) >= 0
			    ? add_mount(host, mount, err)
			    : add_volume(body, host, mount, err);
	}
	return r;
}
