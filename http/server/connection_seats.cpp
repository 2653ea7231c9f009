#include "http/server/connection_seats.hpp"

#include <algorithm>

namespace cued::http {

namespace asio = boost::asio;

namespace {

constexpr std::size_t network_bytes = 8; // of an IPv6 /64

asio::ip::address counted_as(const asio::ip::address& peer) {
  if (!peer.is_v6())
    return peer;
  const auto whole = peer.to_v6();
  if (whole.is_v4_mapped())
    return asio::ip::make_address_v4(asio::ip::v4_mapped, whole);
  auto bytes = whole.to_bytes();
  std::fill(bytes.begin() + network_bytes, bytes.end(), static_cast<unsigned char>(0));
  return asio::ip::address_v6{bytes};
}

} // namespace

std::optional<connection_seats::seat> connection_seats::take(const address& peer, refusal& why) {
  const auto by = counted_as(peer);
  const bool exempt = limits_.is_exempt && limits_.is_exempt(peer);
  const std::lock_guard lock{mutex_};
  if (taken_ >= limits_.in_all) {
    why = refusal::full;
    return std::nullopt;
  }
  if (!exempt) {
    auto& mine = by_address_[by];
    if (mine >= limits_.per_address) {
      why = refusal::address_has_enough;
      return std::nullopt;
    }
    ++mine;
  }
  ++taken_;
  return seat{*this, exempt ? std::nullopt : std::optional{by}};
}

void connection_seats::give_back(const std::optional<address>& by) {
  const std::lock_guard lock{mutex_};
  if (by)
    if (const auto found = by_address_.find(*by); --found->second == 0)
      by_address_.erase(found);
  if (--taken_ == 0)
    empty_.notify_all();
}

std::size_t connection_seats::taken() const {
  const std::lock_guard lock{mutex_};
  return taken_;
}

bool connection_seats::wait_until_empty(std::chrono::milliseconds at_most) {
  std::unique_lock lock{mutex_};
  return empty_.wait_for(lock, at_most, [this] { return taken_ == 0; });
}

} // namespace cued::http
