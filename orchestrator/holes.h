/*
 * holes: keeps the free places between the parent's allocations out of use while it forks.
 *
 * A child allocates where the parent has freed: small pieces on many pages, each of which becomes a page of its own as
 * soon as the child writes there. With the holes filled it allocates at the end of the heap, side by side.
 *
 * Who forks several children in a row calls holes_fill before and holes_free after; the parent only. Without glibc's
 * malloc they do nothing.
 */
#ifndef ORCHESTRATOR_HOLES_H
#define ORCHESTRATOR_HOLES_H

struct hole;

struct hole *holes_fill(void); /* NULL: there were none */
void holes_free(struct hole *holes);

#endif
