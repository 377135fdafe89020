#include "network/netlink.h"
#include "unit/test.h"

#include <linux/rtnetlink.h>
#include <net/if.h>

static struct err err;

static void begin(struct netlink_batch *batch, const char *what)
{
	struct ifinfomsg header = {0};
	netlink_begin(batch, what, RTM_NEWLINK, NLM_F_ACK, &header, sizeof header);
}

/* a length that does not fit its field is refused, never cut. */
TEST(a_length_is_never_cut)
{
	auto_batch batch = NETLINK_BATCH_INIT;
	struct netlink closed = {.fd = -1};
	auto_free char *big = x_alloc(UINT16_MAX + 1);
	begin(&batch, "one attribute");
	netlink_put(&batch, IFLA_IFNAME, big, UINT16_MAX - NLA_HDRLEN + 1);
	CHECK_ERR(netlink_send(&closed, &batch, &err), E2BIG);
	CHECK_CONTAINS(err.msg, "one attribute");
	begin(&batch, "a nest");
	size_t nest = netlink_nest(&batch, IFLA_LINKINFO);
	netlink_put(&batch, IFLA_IFNAME, big, UINT16_MAX - NLA_HDRLEN);
	netlink_nest_end(&batch, nest);
	CHECK_ERR(netlink_send(&closed, &batch, &err), E2BIG);
	for (int i = 0; i < 4 * NETLINK_NAMES_MAX; i++)
		begin(&batch, "many");
	CHECK_ERR(netlink_send(&closed, &batch, &err), EBADF);
	for (int i = 0; i <= NETLINK_BATCH_MAX / UINT16_MAX; i++) {
		begin(&batch, "much");
		netlink_put(&batch, IFLA_IFNAME, big, UINT16_MAX - NLA_HDRLEN);
	}
	CHECK_ERR(netlink_send(&closed, &batch, &err), E2BIG);
	begin(&batch, "after that");
	CHECK_ERR(netlink_send(&closed, &batch, &err), EBADF);
}

TEST(answers_that_lie_about_their_length_are_not_read)
{
	struct {
		struct nlmsghdr message;
		struct ifinfomsg header;
		struct nlattr attribute;
		char text[4];
	} answer = {.message = {.nlmsg_len = sizeof answer},
		    .attribute = {.nla_len = NLA_HDRLEN + 4, .nla_type = IFLA_IFNAME},
		    .text = {'a', 'b', 'c', 0}};
	const struct nlattr *found[IFLA_IFNAME + 1];
	netlink_attributes(&answer.message, sizeof answer.header, found, array_size(found));
	CHECK_STR(netlink_text(found[IFLA_IFNAME]), "abc");
	CHECK(!netlink_data(found[IFLA_IFNAME], 5));
	answer.text[3] = 'd';
	CHECK(!netlink_text(found[IFLA_IFNAME]));
	answer.attribute.nla_len = NLA_HDRLEN + 5;
	netlink_attributes(&answer.message, sizeof answer.header, found, array_size(found));
	CHECK(!found[IFLA_IFNAME]);
	answer.attribute.nla_len = 0;
	netlink_attributes(&answer.message, sizeof answer.header, found, array_size(found));
	CHECK(!found[IFLA_IFNAME]);
	answer.message.nlmsg_len = sizeof answer.message;
	netlink_attributes(&answer.message, sizeof answer.header, found, array_size(found));
	CHECK(!found[IFLA_IFNAME]);
}

TEST(the_kernel_is_quoted)
{
	auto_netlink netlink = {.fd = -1};
	CHECK_OK(netlink_open(NETLINK_ROUTE, &netlink, &err));
	auto_batch batch = NETLINK_BATCH_INIT;
	struct ifinfomsg header = {.ifi_index = 0x7ffffff0};
	netlink_begin(&batch, "find a device", RTM_GETLINK, 0, &header, sizeof header);
	CHECK_ERR(netlink_send(&netlink, &batch, &err), ENODEV);
	CHECK_CONTAINS(err.msg, "find a device: No such device");
}
