#include "bench/load/http_load.hpp"

#include "bench/load/load_run.hpp"

namespace cued::bench {
namespace {

/// A name that says who is asking; servers that route by host do not matter here.
constexpr std::string_view head_end = "\r\nHost: cued-bench\r\nAuthorization: Bearer ";

} // namespace

result<load_result> run_load(const load_plan& plan, conversation& talk,
                             const std::function<void(std::uint64_t)>& on_second) {
  if (plan.connections == 0 || plan.kinds.empty())
    return fail(400, "empty_plan", "a load needs at least one connection and one kind of operation");
  load_run load{plan, talk, on_second};
  return load.run();
}

std::string get_request(std::string_view path, std::string_view key) {
  std::string out;
  out.reserve(path.size() + key.size() + 96);
  out.append("GET ").append(path).append(" HTTP/1.1").append(head_end).append(key).append("\r\n\r\n");
  return out;
}

std::string post_request(std::string_view path, std::string_view key, std::string_view json_body) {
  std::string out;
  out.reserve(path.size() + key.size() + json_body.size() + 160);
  out.append("POST ").append(path).append(" HTTP/1.1").append(head_end).append(key);
  out.append("\r\nContent-Type: application/json\r\nContent-Length: ").append(std::to_string(json_body.size()));
  out.append("\r\n\r\n").append(json_body);
  return out;
}

} // namespace cued::bench
