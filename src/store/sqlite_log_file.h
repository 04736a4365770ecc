/* SQLite writes its log page by page, each in two pieces: two calls of the system for every 4 KiB. Opened
 * through this VFS, a log takes pieces that follow one another together, and hands them over when they are
 * many or when SQLite reads them, cuts the file or syncs it. So a connection must sync its commits (PRAGMA
 * synchronous = FULL): others look for a commit's pages in the file as soon as it is over. Every other file
 * is the default VFS's. See https://www.sqlite.org/vfs.html. */
#ifndef CW_STORE_SQLITE_LOG_FILE_H
#define CW_STORE_SQLITE_LOG_FILE_H

#define CW_LOG_FILE_VFS "cartwright"

/* Makes the VFS known to SQLite, once in a process and before the first connection. When it can't be had,
 * opening a connection fails and says so. */
void cw_log_file_register(void);

#endif
