#pragma once

namespace cued::http {

/// From now on the kernel answers no new handshake on this listening socket: a client that asks for one hears nothing,
/// asks again after a second (RFC 6298 §2) and finds whoever listens then, or nobody. Handshakes under way end well.
/// So nobody can get in between the last accept and the close, which would reset a client that is connected already.
/// False: this kernel has no socket filters (errno says why), and all is as before.
[[nodiscard]] bool drop_new_handshakes(int listening_socket);

} // namespace cued::http
