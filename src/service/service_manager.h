/* What a service tells the manager that started it, such as systemd: sd_notify(3). */
#ifndef CW_SERVICE_SERVICE_MANAGER_H
#define CW_SERVICE_SERVICE_MANAGER_H

/* Sends a state ("READY=1", "STOPPING=1") to the socket that NOTIFY_SOCKET names. Does nothing without one,
 * or when it can't be reached: who starts a service sees to what becomes of it. */
void cw_manager_notify(const char *state);

#endif
