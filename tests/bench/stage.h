/*
 * A server and those who talk with it: they come, a load goes through, they go. What is particular
 * to a server is its contender's: how it is started, and what is said and heard on a connection.
 */
#ifndef BENCH_STAGE_H
#define BENCH_STAGE_H

#include "drive.h"
#include "link.h"

enum part { SENDER, RECIPIENT, CROWD, PARTS };

struct talker {
	struct stage *stage;
	enum part part;
	unsigned number; /* among those of its part */
	struct link *link;
	bool ready;	   /* what it says before the load has been answered */
	bool upgraded;	   /* to WebSocket */
	unsigned answered; /* of a sender: messages of this load */
};

struct contender {
	const char *name;
	/* Makes what the load needs, and starts the server: sets its pid and port. */
	void *(*create)(struct stage *stage);
	void (*start)(void *server);
	void (*stop)(void *server);
	/* Checks besides that what it left is whole. */
	void (*destroy)(void *server);
	/* What somebody shows in TLS. */
	const struct papers *(*papers)(struct talker *t);
	/* Somebody connects: says the first words; stage_ready when the last are answered. */
	void (*greet)(struct talker *t);
	/* Says how much of what was heard is used. */
	size_t (*hear)(struct talker *t, struct lahetti_span heard);
	/* Makes the messages of the next load: bytes of one. */
	size_t (*prepare)(void *server);
	void (*send)(struct talker *t, unsigned message);
	/* What the server counts of frames and commits; NULL: nothing. */
	void (*count)(void *server, double *frames, double *commits);
};
extern const struct contender contender_lahetti, contender_redis, contender_mosquitto;

struct stage {
	const struct contender *contender;
	const struct load *load;
	void *server;
	pid_t pid;
	unsigned port;
	struct loop *loop;
	struct talker *talkers[PARTS];
	unsigned many[PARTS];		     /* talkers */
	unsigned begun[PARTS], ready[PARTS]; /* of those who come */
	struct drive drive;
	size_t bytes; /* of a message */
};

/* Starts the server, and everybody comes. The load is borrowed. */
struct stage *stage_create(const struct contender *contender, const struct load *load);
/* Everybody goes, the server ends. */
void stage_destroy(struct stage *s);
/* Sends what is to be stored before the first round. */
void stage_fill(struct stage *s);
/* One round: the load, and what else it says. */
void stage_round(struct stage *s, struct round *round);
/* Everybody goes, the server is stopped and started, everybody comes. */
void stage_restart(struct stage *s, struct round *round);

/* From contenders: somebody is ready; the server has acknowledged the sender's next message, where
 * it answers in order. */
void stage_ready(struct talker *t);
void stage_acknowledged(struct talker *sender);

/* Whose certificates the others use too: lahettid's. */
struct certificates {
	char folder[256]; /* with ca.pem, server.pem, server.key */
	struct papers papers;
};
extern struct certificates stage_certificates;

#endif
