#include "bench/load/single_request.hpp"

#include <poll.h>

#include "bench/load/wire.hpp"

namespace cued::bench {
namespace {

using moment = std::chrono::steady_clock::time_point;

bool wait_for(const wire& w, short event, moment deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
  pollfd watched{w.descriptor(), event, 0};
  return left.count() > 0 && poll(&watched, 1, static_cast<int>(left.count())) > 0;
}

tl::unexpected<error> unanswered(const std::string& why) { return fail(503, "no_answer", why); }

} // namespace

result<single_answer> request_once(const std::string& host, std::uint16_t port, std::string text,
                                   std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  const auto peer = peer_address::of(host, port);
  if (!peer)
    return fail(peer.error());
  wire w;
  if (!w.dial(*peer))
    return unanswered(w.why());
  if (!wait_for(w, POLLOUT, deadline) || !w.established())
    return unanswered("no connection to " + host + ":" + std::to_string(port));
  for (auto sent = w.send(std::move(text)); sent != wire::sending::done; sent = w.send_rest())
    if (sent == wire::sending::lost || !wait_for(w, POLLOUT, deadline))
      return unanswered("the request could not be sent");
  for (auto read = wire::reading::unfinished; read != wire::reading::answered; read = w.receive())
    if (read == wire::reading::lost)
      return unanswered(w.why());
    else if (!wait_for(w, POLLIN, deadline))
      return unanswered("no answer in time");
  return single_answer{w.answer().status(), std::string{w.answer().body()}};
}

} // namespace cued::bench
