#include "bench/command/theatre.hpp"

#include "bench/report/machine.hpp"

namespace cued::bench {
result<std::unique_ptr<theatre>> theatre::open(const options& typed, progress& telling) {
  std::unique_ptr<theatre> out{new theatre};
  if (!typed.url.empty()) {
    auto found = server::at(typed.url, typed.dsn);
    if (!found)
      return fail(found.error());
    out->server_ = std::move(*found);
    return out;
  }
  out->wish_ = {typed.cued, typed.data_dir, typed.environment};
  out->typed_settings_ = typed.environment;
  if (typed.data_dir.empty()) {
    auto made = scratch_directory::make(typed.keep);
    if (!made)
      return fail(made.error());
    out->directory_ = std::move(*made);
    out->wish_.data_dir = out->directory_->path() / "data";
  }
  telling.tell("starting " + typed.cued.string());
  auto started = server::start(out->wish_);
  if (!started)
    return fail(started.error());
  out->server_ = std::move(*started);
  return out;
}

stage theatre::at(progress& telling) {
  return {*server_, [&telling](std::string_view line) { telling.tell(line); }};
}

conditions theatre::describe(const options& typed) const {
  auto out = describe_machine();
  out.subject = typed.url.empty() ? typed.cued.filename().string() : typed.url;
  out.cold_start = server_->cold_start();
  describe_database(server_->dsn(), out);
  return out;
}

result<void> theatre::suit(const std::map<std::string, std::string>& settings) {
  auto wanted = typed_settings_;
  wanted.insert(settings.begin(), settings.end());
  if (wish_.program.empty() || wanted == wish_.environment)
    return {};
  wish_.environment = std::move(wanted);
  return restart();
}

result<void> theatre::restart() {
  if (wish_.program.empty())
    return fail(400, "not_ours", "a server given by URL is not ours to start");
  server_.reset();
  auto started = server::start(wish_);
  if (!started)
    return fail(started.error());
  server_ = std::move(*started);
  return {};
}

} // namespace cued::bench
