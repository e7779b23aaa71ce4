/* xfrm_ok.c - lets an IKE daemon believe that the kernel took its IPsec SAs.
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A kernel without ESP and AH refuses XFRM_MSG_NEWSA, and the daemon then tears down
 * what it has just negotiated.  Preloaded, this turns the kernel's refusal of requests
 * for SAs (not for policies) into an acknowledgement.  The laboratory sends the packets
 * of such SAs itself, with the negotiated keys.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <linux/netlink.h>
#include <linux/xfrm.h>
#include <string.h>
#include <sys/socket.h>

static void
acknowledge(int fd, char *data, ssize_t length)
{
    int protocol = 0;
    socklen_t size = sizeof(protocol);

    if (getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &size) != 0 ||
        protocol != NETLINK_XFRM || length < (ssize_t)sizeof(struct nlmsghdr)) {
        return;
    }
    for (struct nlmsghdr *head = (struct nlmsghdr *)data;
         NLMSG_OK(head, (size_t)length);
         head = NLMSG_NEXT(head, length)) {
        struct nlmsgerr *error = NLMSG_DATA(head);

        if (head->nlmsg_type != NLMSG_ERROR || error->error == 0) {
            continue;
        }
        switch (error->msg.nlmsg_type) {
        case XFRM_MSG_NEWSA:
        case XFRM_MSG_UPDSA:
        case XFRM_MSG_DELSA:
        case XFRM_MSG_NEWPOLICY:
        case XFRM_MSG_UPDPOLICY:
            error->error = 0;
            break;
        default:
            break;
        }
    }
}

/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name): the C library declares them
 * with names of its own */

ssize_t
recv(int fd, void *data, size_t size, int flags)
{
    ssize_t (*next)(int, void *, size_t, int) =
        (ssize_t(*)(int, void *, size_t, int))dlsym(RTLD_NEXT, "recv");
    ssize_t got = next(fd, data, size, flags);

    acknowledge(fd, data, got);
    return got;
}

ssize_t
recvfrom(int fd, void *data, size_t size, int flags, struct sockaddr *from,
         socklen_t *from_size)
{
    ssize_t (*next)(int, void *, size_t, int, struct sockaddr *, socklen_t *) =
        (ssize_t(*)(int, void *, size_t, int, struct sockaddr *, socklen_t *))
            dlsym(RTLD_NEXT, "recvfrom");
    ssize_t got = next(fd, data, size, flags, from, from_size);

    acknowledge(fd, data, got);
    return got;
}

ssize_t
recvmsg(int fd, struct msghdr *message, int flags)
{
    ssize_t (*next)(int, struct msghdr *, int) =
        (ssize_t(*)(int, struct msghdr *, int))dlsym(RTLD_NEXT, "recvmsg");
    ssize_t got = next(fd, message, flags);

    if (got > 0 && message->msg_iovlen == 1) {
        acknowledge(fd, message->msg_iov[0].iov_base, got);
    }
    return got;
}

/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */
