#include "config/session_secret.hpp"

#include <fstream>

#include <gtest/gtest.h>
#include <sys/stat.h>

namespace cued::config {

namespace {

class session_secret : public ::testing::Test {
protected:
  session_secret() {
    std::string name = (std::filesystem::temp_directory_path() / "cued-test-XXXXXX").string();
    if (::mkdtemp(name.data()))
      home_ = name;
  }
  ~session_secret() override { std::filesystem::remove_all(home_); }

  std::filesystem::path home_;
};

} // namespace

TEST_F(session_secret, is_made_once_and_kept) {
  const auto first = kept_session_secret(home_ / "data");
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_EQ(first->size(), 64U);
  EXPECT_EQ(kept_session_secret(home_ / "data").value(), *first);
}

TEST_F(session_secret, is_readable_by_its_owner_only) {
  ASSERT_TRUE(kept_session_secret(home_));
  struct stat facts {};
  ASSERT_EQ(::stat((home_ / "session-secret").c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0600U);
}

TEST_F(session_secret, differs_between_installations) {
  EXPECT_NE(kept_session_secret(home_ / "a").value(), kept_session_secret(home_ / "b").value());
}

TEST_F(session_secret, a_damaged_file_is_not_replaced_silently) {
  std::ofstream{home_ / "session-secret"} << "x\n";
  const auto kept = kept_session_secret(home_);
  ASSERT_FALSE(kept);
  EXPECT_NE(kept.error().message.find("session-secret"), std::string::npos);
}

TEST_F(session_secret, a_directory_that_cannot_be_made_is_told) {
  std::ofstream{home_ / "file"} << "x";
  const auto kept = kept_session_secret(home_ / "file" / "data");
  ASSERT_FALSE(kept);
  EXPECT_NE(kept.error().message.find("file"), std::string::npos);
}

} // namespace cued::config
