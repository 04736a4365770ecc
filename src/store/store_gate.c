#include "store/store_base.h"

void cw_gate_init(struct cw_gate *gate)
{
    pthread_mutex_init(&gate->mutex, NULL);
    pthread_cond_init(&gate->opened, NULL);
    gate->closed = false;
}

void cw_gate_clear(struct cw_gate *gate)
{
    pthread_cond_destroy(&gate->opened);
    pthread_mutex_destroy(&gate->mutex);
}

void cw_gate_enter(struct cw_gate *gate)
{
    pthread_mutex_lock(&gate->mutex);
    while (gate->closed) {
        pthread_cond_wait(&gate->opened, &gate->mutex);
    }
    gate->closed = true;
    pthread_mutex_unlock(&gate->mutex);
}

bool cw_gate_try_enter(struct cw_gate *gate)
{
    pthread_mutex_lock(&gate->mutex);
    const bool was_open = !gate->closed;
    gate->closed = true;
    pthread_mutex_unlock(&gate->mutex);
    return was_open;
}

void cw_gate_leave(struct cw_gate *gate)
{
    pthread_mutex_lock(&gate->mutex);
    gate->closed = false;
    pthread_cond_signal(&gate->opened);
    pthread_mutex_unlock(&gate->mutex);
}
