// SPDX-License-Identifier: BSL-1.0
// Whether a peer reads, however slowly. A write tells that late: the system takes no more until a third of what it
// holds, which may be megabytes, has been read.
#pragma once

#include <sys/ioctl.h>
#include <utility>

class progress {
public:
    // Whether the peer has read since this was asked before: then fewer bytes are held for it, or others.
    template <class... Socket>
    bool made(Socket&... sockets) {
        int held = (unread(sockets.native_handle()) + ...);
        return held > 0 && held != std::exchange(before_, held);
    }

private:
    static int unread(int socket) {
        int bytes = 0;
        return ioctl(socket, TIOCOUTQ, &bytes) == 0 ? bytes : 0;
    }

    int before_ = -1;
};
