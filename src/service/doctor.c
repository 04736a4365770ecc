#define _GNU_SOURCE
#include "service/doctor.h"

#include <errno.h>
#include <netdb.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <unistd.h>

#include "service/check_tables.h"
#include "service/json_read.h"
#include "service/manifest.h"
#include "service/token.h"
#include "service/values.h"

#define DESCRIPTORS_BESIDE 100 /* files, the store's connections, epoll */
#define DISK_LOW (INT64_C(1) << 30)
#define DISK_FULL (INT64_C(64) << 20)
#define FIRST_YEAR INT64_C(1767225600000000) /* 2026-01-01: nothing of this program is older */
#define LAST_YEAR INT64_C(4102444800000000)  /* 2100-01-01 */
#define FILE_MAX (1u << 20)

void cw_finding_add(struct cw_findings *findings, enum cw_finding_level level, const char *subject,
                    const char *mend, const char *format, ...)
{
    if (findings->count == CW_FINDINGS_MAX) {
        return;
    }
    struct cw_finding *finding = &findings->list[findings->count++];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(finding->words, sizeof finding->words, format, arguments);
    va_end(arguments);
    snprintf(finding->mend, sizeof finding->mend, "%s", mend != NULL && level != CW_FINDING_OK ? mend : "");
    finding->level = level;
    finding->subject = subject;
    findings->warnings += level == CW_FINDING_WARNING;
    findings->problems += level == CW_FINDING_PROBLEM;
}

/* ---- The machine ---- */

static void examine_descriptors(const struct cw_server_options *server, struct cw_findings *findings)
{
    struct rlimit limit;
    const uint64_t wanted = (uint64_t)server->connections + DESCRIPTORS_BESIDE;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return;
    }
    cw_finding_add(findings, limit.rlim_max < wanted ? CW_FINDING_PROBLEM : CW_FINDING_OK, "descriptors",
                   "raise the limit (ulimit -n, LimitNOFILE= of the service), or lower --connections",
                   "%llu files may be open; %u connections need %llu", (unsigned long long)limit.rlim_max,
                   server->connections, (unsigned long long)wanted);
}

void cw_doctor_disk(const char *subject, const char *path, struct cw_findings *findings)
{
    struct statvfs room;
    if (statvfs(path, &room) != 0) {
        cw_finding_add(findings, CW_FINDING_PROBLEM, subject, "make the folder, or name another",
                       "%.200s: %s", path, strerror(errno));
        return;
    }
    const int64_t bytes = (int64_t)room.f_bavail * (int64_t)room.f_frsize;
    const bool is_writable = access(path, W_OK | X_OK) == 0;
    if (!is_writable) {
        cw_finding_add(findings, CW_FINDING_PROBLEM, subject, "let the user of the server write there",
                       "%.200s can't be written to", path);
    }
    cw_finding_add(findings,
                   bytes < DISK_FULL  ? CW_FINDING_PROBLEM
                   : bytes < DISK_LOW ? CW_FINDING_WARNING
                                      : CW_FINDING_OK,
                   subject, "make room; a load needs about a kilobyte for each order",
                   "%.200s has %.1f GB free", path, (double)bytes / 1e9);
}

static void examine_temporary(const struct cw_server_options *server, struct cw_findings *findings)
{
    (void)server;
    cw_doctor_disk("temporary files", cw_temporary_folder(), findings);
}

static void examine_clock(const struct cw_server_options *server, struct cw_findings *findings)
{
    struct timex state = {.modes = 0};
    const int64_t now = cw_time_now();
    char text[CW_TIME_TEXT];
    (void)server;
    cw_time_text(now, text);
    if (now < FIRST_YEAR || now > LAST_YEAR) {
        cw_finding_add(findings, CW_FINDING_PROBLEM, "clock", "set the clock: keys and tokens expire by it",
                       "it shows %s", text);
    } else if (adjtimex(&state) == TIME_ERROR) {
        cw_finding_add(findings, CW_FINDING_WARNING, "clock",
                       "let systemd-timesyncd or chrony keep it: tokens and leases of jobs go by it",
                       "it shows %s, and nothing tells the system that it is right", text);
    } else {
        cw_finding_add(findings, CW_FINDING_OK, "clock", NULL, "it shows %s and is kept right", text);
    }
}

/* ---- The network ---- */

static void examine_port(const struct cw_server_options *server, struct cw_findings *findings)
{
    struct addrinfo *found = NULL;
    char port[8];
    const struct addrinfo hints = {
        .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
    snprintf(port, sizeof port, "%u", server->port);
    if (getaddrinfo(server->address, port, &hints, &found) != 0) {
        cw_finding_add(findings, CW_FINDING_PROBLEM, "port", "give --address an IPv4 or IPv6 address",
                       "'%.60s' is no address", server->address);
        return;
    }
    const int yes = 1;
    const int socket_of = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool is_free = socket_of >= 0 &&
                         setsockopt(socket_of, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0 &&
                         bind(socket_of, found->ai_addr, found->ai_addrlen) == 0 && listen(socket_of, 1) == 0;
    const int number = errno;
    if (socket_of >= 0) {
        close(socket_of);
    }
    freeaddrinfo(found);
    if (is_free) {
        cw_finding_add(findings, CW_FINDING_OK, "port", NULL, "%s port %u is free", server->address,
                       server->port);
    } else {
        cw_finding_add(findings, CW_FINDING_PROBLEM, "port",
                       number == EADDRINUSE ? "if that is not this server, stop it or choose another --port"
                                            : "choose another --port or --address",
                       "%s port %u can't be listened on: %s", server->address, server->port,
                       strerror(number));
    }
}

static void examine_reach(const struct cw_server_options *server, struct cw_findings *findings)
{
    if (cw_server_is_local(server->address)) {
        cw_finding_add(findings, CW_FINDING_OK, "reach", NULL, "only this machine reaches %s",
                       server->address);
        return;
    }
    cw_finding_add(findings, CW_FINDING_WARNING, "reach",
                   "listen on 127.0.0.1 behind a proxy that speaks TLS; packaging/nginx.conf is one",
                   "others reach %s, by HTTP that anyone on the way can read", server->address);
    if (server->access.is_off) {
        cw_finding_add(findings, CW_FINDING_PROBLEM, "reach", "leave --no-auth out, and make keys",
                       "everybody who reaches it may do everything: --no-auth");
    }
}

/* ---- Files of keys ---- */

static cw_status parse_keys(bool is_secret, const struct cw_buffer *text, struct cw_error *error)
{
    struct cw_token_keys keys = {0};
    size_t size = text->size;
    const char *bytes = (const char *)text->data;
    while (is_secret && size > 0 && (bytes[size - 1] == '\n' || bytes[size - 1] == '\r')) {
        size--;
    }
    const cw_status status = is_secret ? cw_token_keys_add_secret(&keys, bytes, size, error)
                                       : cw_token_keys_parse(&keys, bytes, size, error);
    cw_token_keys_clear(&keys);
    return status;
}

static void examine_keys(const char *subject, const char *path, bool is_secret, struct cw_findings *findings)
{
    struct cw_buffer text = {0};
    struct cw_error error = {0};
    struct stat about;
    if (path == NULL) {
        return;
    }
    if (cw_file_read(path, FILE_MAX, &text, &error) != CW_OK) {
        cw_finding_add(findings, CW_FINDING_PROBLEM, subject, "name a file that the server can read",
                       "%.380s", error.message);
        return;
    }
    if (parse_keys(is_secret, &text, &error) != CW_OK) {
        cw_finding_add(findings, CW_FINDING_PROBLEM, subject, "put keys into it that can be used",
                       "%.150s: %.200s", path, error.message);
    }
    cw_buffer_clear(&text);
    const unsigned unsafe = is_secret ? S_IRWXG | S_IRWXO : S_IWGRP | S_IWOTH;
    if (stat(path, &about) == 0 && (about.st_mode & unsafe) != 0) {
        cw_finding_add(findings, CW_FINDING_PROBLEM, subject, is_secret ? "chmod 600" : "chmod go-w",
                       "%.200s has the mode %o: others may %s it", path, about.st_mode & 0777u,
                       is_secret ? "read" : "change");
    } else if (error.code == CW_OK) {
        cw_finding_add(findings, CW_FINDING_OK, subject, NULL, "%.200s can be read and used", path);
    }
}

static void examine_key_files(const struct cw_server_options *server, struct cw_findings *findings)
{
    examine_keys("jwks", server->access.jwks, false, findings);
    examine_keys("jwt-secret", server->access.jwt_secret, true, findings);
}

static void (*const examinations[])(const struct cw_server_options *server, struct cw_findings *findings) = {
    examine_descriptors, examine_temporary, examine_clock, examine_port, examine_reach, examine_key_files,
};

void cw_doctor_examine(const char *store, const struct cw_server_options *server,
                       struct cw_findings *findings)
{
    *findings = (struct cw_findings){.count = 0};
    for (size_t i = 0; i < sizeof examinations / sizeof examinations[0]; i++) {
        examinations[i](server, findings);
    }
    cw_doctor_store(store, server, findings);
}

/* ---- What is told ---- */

static const char *const level_names[] = {"ok", "warning", "problem"};

cw_status cw_findings_text(const struct cw_findings *findings, struct cw_buffer *out, struct cw_error *error)
{
    cw_status status = CW_OK;
    for (size_t i = 0; i < findings->count && status == CW_OK; i++) {
        const struct cw_finding *finding = &findings->list[i];
        status = cw_buffer_format(out, error, "%-8s %-16s %s\n", level_names[finding->level],
                                  finding->subject, finding->words);
        if (status == CW_OK && finding->mend[0] != '\0') {
            status = cw_buffer_format(out, error, "%25s -> %s\n", "", finding->mend);
        }
    }
    return status == CW_OK ? cw_buffer_format(out, error, "%zu checks, %zu warnings, %zu problems\n",
                                              findings->count, findings->warnings, findings->problems)
                           : status;
}

static cw_status put_field(const char *name, const char *value, struct cw_buffer *out, struct cw_error *error)
{
    cw_status status = cw_buffer_format(out, error, ",\"%s\":", name);
    return status != CW_OK    ? status
           : value[0] == '\0' ? cw_buffer_format(out, error, "null")
                              : cw_json_quote(out, value, strlen(value), error);
}

cw_status cw_findings_json(const struct cw_findings *findings, struct cw_buffer *out, struct cw_error *error)
{
    cw_status status = cw_buffer_format(out, error, "{\"warnings\":%zu,\"problems\":%zu,\"checks\":[",
                                        findings->warnings, findings->problems);
    for (size_t i = 0; i < findings->count && status == CW_OK; i++) {
        const struct cw_finding *finding = &findings->list[i];
        status = cw_buffer_format(out, error, "%s\n{\"state\":\"%s\"", i == 0 ? "" : ",",
                                  level_names[finding->level]);
        if (status == CW_OK) {
            status = put_field("check", finding->subject, out, error);
        }
        if (status == CW_OK) {
            status = put_field("finding", finding->words, out, error);
        }
        if (status == CW_OK) {
            status = put_field("mend", finding->mend, out, error);
        }
        if (status == CW_OK) {
            status = cw_buffer_append(out, "}", 1, error);
        }
    }
    return status == CW_OK ? cw_buffer_format(out, error, "\n]}\n") : status;
}
