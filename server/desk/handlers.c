#include "handling.h"

#define ROW(FRAME, fn, fin, ACTION)                             \
	[LAHETTI__V1__CLIENT_FRAME__BODY_##FRAME] = {           \
		.handle = fn,                                   \
		.finish = fin,                                  \
		.action = LAHETTI__V1__ACTION__ACTION_##ACTION, \
	}

static const struct handler handlers[] = {
	ROW(ENROL, handle_enrol, NULL, ENROL),
	ROW(LOGIN, handle_login, NULL, LOGIN),
	ROW(ACT, handle_act, NULL, LOGIN),
	ROW(READ_DIRECTORY, read_directory, NULL, DIRECTORY),
	ROW(READ_DEVICES, read_devices, NULL, DIRECTORY),
	ROW(ADD_CLIENT, handle_add_client, NULL, ADD_CLIENT),
	[LAHETTI__V1__CLIENT_FRAME__BODY_FIND_CLIENTS] =
		{
			.look = look_for_clients,
			.handle = handle_find_clients,
			.action = LAHETTI__V1__ACTION__ACTION_SEARCH,
		},
	ROW(PUT_CARE_TEAM_MEMBER, handle_put_care_team_member, NULL, CARE_TEAM),
	ROW(READ_CARE_TEAM, handle_read_care_team, NULL, LIST),
	ROW(WHO_WOULD_SEE, handle_who_would_see, NULL, SEARCH),
	ROW(SUBMIT, handle_submit, finish_submit, ACCEPT),
	ROW(OPEN, handle_open, NULL, OPEN),
	ROW(READ_RECEIPT, handle_read_receipt, finish_submit, LIST),
	ROW(READ_SENT, handle_read_sent, NULL, LIST),
	ROW(READ_TIMELINE, handle_read_timeline, NULL, LIST),
	ROW(PUT_ATTACHMENT, put_attachment, NULL, ACCEPT),
	ROW(READ_ATTACHMENT, handle_read_attachment, NULL, READ_ATTACHMENT),
	ROW(READ_CASE, handle_read_case, NULL, LIST),
	ROW(READ_STATEMENT, handle_read_statement, NULL, OPEN),
	ROW(SUBSCRIBE, handle_subscribe, NULL, LIST),
	ROW(HANDED_OVER, handle_handed_over, NULL, HAND_OVER),
	ROW(CLAIM, handle_claim, NULL, CLAIM),
	ROW(RELEASE, handle_release, NULL, RELEASE),
	ROW(READ_CHECKPOINT, read_checkpoint, NULL, READ_TRAIL),
	ROW(READ_CONSISTENCY, read_consistency, NULL, READ_TRAIL),
	ROW(READ_INCLUSION, read_inclusion, NULL, READ_TRAIL),
	ROW(WHO_SAW, handle_who_saw, NULL, READ_TRAIL),
	ROW(READ_TRAIL, handle_read_trail, NULL, READ_TRAIL),
	ROW(PUT_DIRECTORY, handle_put_directory, NULL, DIRECTORY),
	ROW(ISSUE_CODE, handle_issue_code, NULL, ISSUE_CODE),
	ROW(CONFIRM_DEVICE, handle_confirm_device, NULL, CONFIRM_DEVICE),
	ROW(REVOKE_DEVICE, handle_revoke_device, NULL, REVOKE_DEVICE),
	ROW(PROPOSE_ERASURE, handle_propose_erasure, NULL, PROPOSE_ERASURE),
	ROW(CONFIRM_ERASURE, handle_confirm_erasure, NULL, ERASE),
	ROW(READ_ERASURES, handle_read_erasures, NULL, LIST),
	ROW(DROP_ERASURE, handle_drop_erasure, NULL, PROPOSE_ERASURE),
};

const struct handler *handler_of(uint32_t body_case)
{
	/* The loop lets through only what frames.def names. */
	return &handlers[body_case < sizeof handlers / sizeof *handlers ? body_case : 0];
}
