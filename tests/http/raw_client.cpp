#include "tests/http/raw_client.hpp"

#include <algorithm>
#include <stdexcept>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

namespace cued::http::test {

std::string wire_response::header(std::string_view name) const {
  for (const auto& [known, value] : headers)
    if (known == name)
      return value;
  return {};
}

bool wire_response::has(std::string_view name) const {
  return std::any_of(headers.begin(), headers.end(), [&](const auto& h) { return h.first == name; });
}

raw_client::raw_client(std::uint16_t port) : socket_{::socket(AF_INET, SOCK_STREAM, 0)} {
  const timeval patience{patience_seconds, 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    ::close(socket_);
    throw std::runtime_error("cannot connect");
  }
}

raw_client::~raw_client() { ::close(socket_); }

void raw_client::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto n = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0)
      return; // the server closed; what it had to say is still to be read
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

void raw_client::finish_sending() { ::shutdown(socket_, SHUT_WR); }

bool raw_client::fill() {
  char part[16 * 1024];
  const auto n = ::recv(socket_, part, sizeof part, 0);
  if (n <= 0)
    return false;
  received_.append(part, static_cast<std::size_t>(n));
  return true;
}

wire_response raw_client::receive(bool to_head) {
  std::size_t head_end;
  while ((head_end = received_.find("\r\n\r\n")) == std::string::npos)
    if (!fill())
      return {};

  wire_response out;
  out.status = std::stoi(received_.substr(9, 3));
  for (auto at = received_.find("\r\n") + 2; at < head_end;) {
    const auto line_end = received_.find("\r\n", at);
    const auto colon = received_.find(": ", at);
    auto name = received_.substr(at, colon - at);
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
    out.headers.emplace_back(std::move(name), received_.substr(colon + 2, line_end - colon - 2));
    at = line_end + 2;
  }
  received_.erase(0, head_end + 4);

  const auto length = out.header("content-length");
  const std::size_t body_bytes = to_head || length.empty() ? 0 : std::stoul(length);
  while (received_.size() < body_bytes)
    if (!fill())
      return {};
  out.body = received_.substr(0, body_bytes);
  received_.erase(0, body_bytes);
  return out;
}

wire_response raw_client::ask(std::string_view bytes) {
  send(bytes);
  return receive();
}

std::string raw_client::receive_until_closed() {
  while (fill()) {
  }
  return std::exchange(received_, {});
}

wire_response ask_once(std::uint16_t port, std::string_view bytes) {
  raw_client client{port};
  return client.ask(bytes);
}

} // namespace cued::http::test
