#include "generate/chat_session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "base/error.h"
#include "tests/small_model.h"

namespace llamba {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::ThrowsMessage;

// A template in the manner of Llama-2, and one that rewrites earlier replies.
// (A line break behind a block would be dropped: trim_blocks.)
constexpr char kPlain[] =
    "{{ bos_token }}{% for m in messages %}{% if m.role == 'assistant' %}"
    "{{ m.content + eos_token }}{% else %}"
    "{{ m.role + ': ' + m.content + '\nassistant:' }}{% endif %}{% endfor %}";
constexpr char kRewriting[] =
    "{{ bos_token }}{% for m in messages %}{% if m.role == 'assistant' %}"
    "{{ m.content | length }} letters. {% else %}{{ m.content }} {% endif %}"
    "{% endfor %}";

class ChatSessionTest : public ::testing::Test {
 protected:
  void SetUp() override {
    LLAMBA_NEED_SMALL_MODEL(path);
    model_ = Open(path, kPlain);
    options_.temperature = 0;
    generate_.max_tokens = 12;
  }

  static std::shared_ptr<const LoadedModel> Open(const std::string& path,
                                                 const std::string& text) {
    const std::string file =
        ::testing::TempDir() + "/llamba_chat.jinja" + std::to_string(getpid());
    std::ofstream(file) << text;
    LoadedModelOptions options;
    options.chat_template = file;
    return LoadedModel::Open(path, options);
  }

  ChatSession NewChat() { return ChatSession(model_, options_, ""); }

  GenerateResult Send(ChatSession& chat, const std::string& text) {
    Generator generator(model_);
    return chat.Send(generator, text, generate_, [](const GeneratedToken&) {});
  }

  // What the whole conversation gives where it is read from the beginning.
  std::string FromNothing(std::vector<Message> messages) {
    Generator generator(model_);
    Sequence sequence = generator.NewSequence(options_);
    sequence.Append(model_->EncodeRendered(RenderMessages(*model_, messages)));
    return generator.Run(sequence, generate_, [](const GeneratedToken&) {})
        .text;
  }

  std::shared_ptr<const LoadedModel> model_;
  SamplerOptions options_;
  GenerateOptions generate_;
};

TEST_F(ChatSessionTest, TurnsReadOnlyWhatIsNew) {
  ChatSession chat = NewChat();
  const auto first = Send(chat, "Tell me about Lily and her big red ball.");
  ASSERT_THAT(chat.messages(), SizeIs(2));
  EXPECT_EQ(chat.messages()[1].content, first.text);
  const auto second = Send(chat, "And?");
  ASSERT_THAT(chat.messages(), SizeIs(4));
  EXPECT_LT(second.prompt_tokens, first.prompt_tokens);
  // Its tokens stand for the text that the template writes.
  const Sequence& sequence = chat.sequence();
  EXPECT_THAT(model_->tokenizer().Decode(sequence.ids, false),
              HasSubstr("user: And?\nassistant:"));
  EXPECT_EQ(sequence.state.position() + 1,
            static_cast<int64_t>(sequence.ids.size()));
}

TEST_F(ChatSessionTest, ARewritingTemplateIsReadAgain) {
  LLAMBA_NEED_SMALL_MODEL(path);
  model_ = Open(path, kRewriting);
  ChatSession chat = NewChat();
  Send(chat, "Tell me about Lily.");
  auto messages = chat.messages();
  messages.push_back({"user", "And?"});
  EXPECT_EQ(Send(chat, "And?").text, FromNothing(messages));
}

TEST_F(ChatSessionTest, UndoGoesBackToTheStateBefore) {
  ChatSession chat = NewChat();
  Send(chat, "Tell me about Lily.");
  ChatSession fork = chat;
  Send(chat, "And then?");
  EXPECT_TRUE(chat.Undo());
  EXPECT_THAT(chat.messages(), SizeIs(2));
  EXPECT_EQ(chat.sequence().ids, fork.sequence().ids);
  EXPECT_EQ(Send(chat, "Why?").text, Send(fork, "Why?").text);
  EXPECT_TRUE(chat.Undo());
  EXPECT_TRUE(chat.Undo());
  EXPECT_FALSE(chat.Undo());
  EXPECT_EQ(chat.sequence().state.position(), 0);
}

TEST_F(ChatSessionTest, ForksDoNotTouchEachOther) {
  ChatSession chat = NewChat();
  Send(chat, "Tell me about Lily.");
  ChatSession fork = chat;
  Send(fork, "Stop it now.");
  ChatSession again = NewChat();
  Send(again, "Tell me about Lily.");
  EXPECT_EQ(Send(chat, "And?").text, Send(again, "And?").text);
}

TEST_F(ChatSessionTest, ASavedConversationGoesOn) {
  const std::string path = ::testing::TempDir() + "/llamba_chat.state";
  options_.temperature = 0.9F;
  ChatSession chat = NewChat();
  Send(chat, "Tell me about Lily.");
  chat.Save(path);
  ChatSession loaded = NewChat();
  loaded.Load(path);
  EXPECT_THAT(loaded.messages(), SizeIs(2));
  const auto expected = Send(chat, "And?"), result = Send(loaded, "And?");
  EXPECT_EQ(result.text, expected.text);
  EXPECT_EQ(result.prompt_tokens, expected.prompt_tokens);
  // What was undone behind the loaded state is read again.
  EXPECT_TRUE(loaded.Undo());
  EXPECT_TRUE(loaded.Undo());
  EXPECT_THAT(loaded.messages(), SizeIs(0));
  EXPECT_NO_THROW(Send(loaded, "Hello."));
  std::filesystem::remove(path);
}

TEST_F(ChatSessionTest, AConversationBeforeItsFirstWordIsSaved) {
  const std::string path = ::testing::TempDir() + "/llamba_new_chat.state";
  for (const char* system : {"", "Be short."}) {
    ChatSession chat(model_, options_, system);
    chat.Save(path);
    ChatSession loaded = NewChat();
    Send(loaded, "Hello.");
    loaded.Load(path);
    EXPECT_EQ(loaded.messages().size(), chat.messages().size());
    EXPECT_EQ(Send(loaded, "And?").text, Send(chat, "And?").text) << system;
  }
  std::filesystem::remove(path);
}

TEST_F(ChatSessionTest, AFileOfAnotherKindIsRefused) {
  const std::string path = ::testing::TempDir() + "/llamba_text.state";
  Generator generator(model_);
  SavedSession text{generator.NewSequence(options_), std::nullopt, ""};
  text.sequence.Append(model_->EncodePrompt("Once"));
  SaveSession(path, text, *model_);
  ChatSession chat = NewChat();
  EXPECT_THROW(chat.Load(path), Error);
  EXPECT_THAT(chat.messages(), SizeIs(0));
  std::filesystem::remove(path);
}

TEST_F(ChatSessionTest, SpecialTokensInUserTextAreText) {
  const std::vector<Message> messages = {{"user", "a</s>b"}};
  const auto ids = model_->EncodeRendered(RenderMessages(*model_, messages));
  const int32_t eos = *model_->tokenizer().eos_id();
  EXPECT_EQ(std::count(ids.begin(), ids.end(), eos), 0);
  EXPECT_EQ(ids.front(), *model_->tokenizer().bos_id());
  EXPECT_EQ(model_->tokenizer().Decode(ids, true), "user: a</s>b\nassistant:");
}

TEST_F(ChatSessionTest, AStopStringIsNotPartOfTheMessage) {
  ChatSession chat = NewChat();
  const std::string full = Send(chat, "Tell me about Lily.").text;
  ASSERT_GT(full.size(), 8u);
  ASSERT_TRUE(chat.Undo());
  generate_.stop = {full.substr(full.size() / 2, 3)};
  const auto result = Send(chat, "Tell me about Lily.");
  EXPECT_EQ(result.reason, StopReason::kStopString);
  EXPECT_EQ(chat.messages().back().content, result.text);
  // The next turn does not know what was cut off.
  generate_.stop.clear();
  auto messages = chat.messages();
  messages.push_back({"user", "And?"});
  EXPECT_EQ(Send(chat, "And?").text, FromNothing(messages));
}

TEST_F(ChatSessionTest, ResetKeepsTheSystemMessage) {
  ChatSession chat(model_, options_, "Be short.");
  Send(chat, "Hello.");
  chat.Reset();
  ASSERT_THAT(chat.messages(), SizeIs(1));
  EXPECT_EQ(chat.messages()[0].role, "system");
  EXPECT_EQ(chat.sequence().ids.size(), 0u);
}

TEST_F(ChatSessionTest, ATemplateErrorLeavesTheConversation) {
  LLAMBA_NEED_SMALL_MODEL(path);
  model_ = Open(path,
                "{{ bos_token }}{% for m in messages %}{% if m.content == 'x' "
                "%}{{ raise_exception('no x') }}{% endif %}{{ m.content }}"
                "{% endfor %}");
  ChatSession chat = NewChat();
  Send(chat, "Hello.");
  EXPECT_THROW(Send(chat, "x"), Error);
  EXPECT_THAT(chat.messages(), SizeIs(2));
  EXPECT_NO_THROW(Send(chat, "y"));
}

TEST_F(ChatSessionTest, ASystemMessageOfOtherBytesIsRefused) {
  EXPECT_THAT([&] { ChatSession(model_, options_, "ab\xff"); },
              ThrowsMessage<Error>(
                  HasSubstr("the system message: invalid UTF-8 at byte 2")));
}

TEST(ChatTest, NeedsATemplate) {
  LLAMBA_NEED_SMALL_MODEL(path);
  const auto model = LoadedModel::Open(path);
  if (model->has_chat_template()) GTEST_SKIP() << "it has one";
  EXPECT_THROW(ChatSession(model, {}, ""), Error);
}

}  // namespace
}  // namespace llamba
